"""The action table: every action of the app, once.

Key bindings, the footer, the help screen, the command palette and the names that a settings file
may give other keys to all come from here. It imports nothing of Textual, so that
`rnnterm config check` can read it at no cost.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something a person can do.

    Attributes:
        name: `scope.verb`; the method is `action_verb` of the widget of that scope.
        keys: Textual's names of the keys, separated by commas.
        label: a word or two for the footer.
        help: a sentence for the help screen and the palette.
        in_footer: whether the footer shows it while its scope has the focus.
    """

    name: str
    keys: str
    label: str
    help: str
    in_footer: bool = True

    @property
    def scope(self) -> str:
        """Where it works: `app`, a tab or a panel."""
        return self.name.partition(".")[0]

    @property
    def verb(self) -> str:
        """What it does there."""
        return self.name.partition(".")[2]


SCOPES = {
    "app": "Everywhere",
    "text": "On the tab Text",
    "corpus": "Corpus",
    "model": "Model",
    "training": "Training",
    "sample": "Live sample",
    "hidden": "On the tab Hidden state",
    "gradients": "Gradients",
    "tiny": "Tiny network",
    "runs": "On the tab Runs",
}
"""Scopes with their headings, in the order of the help screen."""

TABS = {"text": "Text", "hidden": "Hidden state", "runs": "Runs"}
"""Tabs with their titles; each is a scope, too."""

_PARTS = {"hidden": ("gradients", "tiny"), "text": ("corpus", "model", "training", "sample")}

ACTIONS = (
    Action("app.quit", "q,ctrl+q", "quit", "Leave; a training goes on without the app."),
    Action("app.help", "question_mark,f1", "help", "Show every key."),
    Action("app.tab_text", "1", "text", "Go to the tab Text.", in_footer=False),
    Action("app.tab_hidden", "2", "hidden", "Go to the tab Hidden state.", in_footer=False),
    Action("app.tab_runs", "5", "runs", "Go to the tab Runs.", in_footer=False),
    Action("app.toggle_maximize", "z", "zoom", "Give the panel the whole screen, or back."),
    Action("app.next_theme", "ctrl+t", "theme", "Try the next colour theme.", in_footer=False),
    Action("app.leave_field", "escape", "back", "Leave the field or dialog.", in_footer=False),
    Action("text.open_corpus", "c", "corpus", "Go to the panel Corpus.", in_footer=False),
    Action("text.open_model", "m", "model", "Go to the panel Model.", in_footer=False),
    Action("text.open_training", "t", "training", "Go to the panel Training.", in_footer=False),
    Action("text.open_sample", "s", "sample", "Go to the panel Live sample.", in_footer=False),
    Action("corpus.choose", "enter,o", "choose", "Choose a bundled text or a file."),
    Action("corpus.next_window", "right", "next", "Show the window of the text one character on."),
    Action(
        "corpus.previous_window",
        "left",
        "previous",
        "Show the window of the text one character back.",
    ),
    Action(
        "corpus.later_window",
        "pagedown",
        "later",
        "Show the window 100 characters on.",
        in_footer=False,
    ),
    Action(
        "corpus.earlier_window",
        "pageup",
        "earlier",
        "Show the window 100 characters back.",
        in_footer=False,
    ),
    Action("corpus.first_window", "home", "first", "Show the first window.", in_footer=False),
    Action("corpus.last_window", "end", "last", "Show the last window.", in_footer=False),
    Action("corpus.go_to", "g", "go to", "Type which window of the text to show."),
    Action("model.edit", "enter", "edit", "Change the value under the cursor."),
    Action("model.next_choice", "right", "next", "Take the next choice for the value."),
    Action(
        "model.previous_choice",
        "left",
        "previous",
        "Take the choice before for the value.",
        in_footer=False,
    ),
    Action(
        "model.next_value", "down", "next value", "Go to the model's next value.", in_footer=False
    ),
    Action(
        "model.previous_value",
        "up",
        "previous value",
        "Go to the model's value before.",
        in_footer=False,
    ),
    Action("model.recipe", "r", "recipe", "Take another recipe."),
    Action("model.toggle_all", "a", "all", "Show every value of the model, or the main ones."),
    Action("model.reset", "backspace", "reset", "Give the value back what its recipe says."),
    Action("training.start", "enter,g", "start", "Train this corpus with this model."),
    Action("training.resume", "u", "resume", "Let a run that is over go on.", in_footer=False),
    Action("training.pause", "p", "pause", "Pause the training, or let it go on."),
    Action("training.stop", "x", "stop", "Stop the training with a checkpoint."),
    Action("training.checkpoint", "k", "checkpoint", "Write a checkpoint now.", in_footer=False),
    Action("training.checkpoints", "b", "checkpoints", "List the checkpoints, and load one."),
    Action(
        "training.log_scale", "l", "log", "Draw the losses on a log scale, or not.", in_footer=False
    ),
    Action(
        "training.smooth", "r", "raw", "Draw the raw losses, or smooth ones alone.", in_footer=False
    ),
    Action(
        "training.overlay",
        "o",
        "overlay",
        "Draw other runs' curves beside this one.",
        in_footer=False,
    ),
    Action(
        "training.zoom_in",
        "plus,equals_sign",
        "zoom in",
        "Show a shorter part of the run.",
        in_footer=False,
    ),
    Action(
        "training.zoom_out", "minus", "zoom out", "Show a longer part of the run.", in_footer=False
    ),
    Action(
        "training.read_later",
        "right",
        "read off",
        "Read the losses a little later.",
        in_footer=False,
    ),
    Action(
        "training.read_earlier",
        "left",
        "earlier",
        "Read the losses a little earlier.",
        in_footer=False,
    ),
    Action("sample.pause", "space", "pause", "Pause the writing of the sample, or let it go on."),
    Action("sample.step", "right", "step", "Write one character, or go forward again."),
    Action(
        "sample.back", "left", "back", "Take back one character of the sample.", in_footer=False
    ),
    Action(
        "sample.pick",
        "1,2,3,4,5,6,7,8,9",
        "pick",
        "While paused: write the candidate of that number.",
        in_footer=False,
    ),
    Action("sample.edit_seed", "enter,e", "seed", "Type what the sample goes on from."),
    Action(
        "sample.warmer",
        "plus,equals_sign",
        "warmer",
        "Raise the temperature by 0.1.",
        in_footer=False,
    ),
    Action("sample.cooler", "minus", "cooler", "Lower the temperature by 0.1.", in_footer=False),
    Action("sample.more_top_p", "full_stop", "top-p", "Raise top-p by 0.05.", in_footer=False),
    Action("sample.less_top_p", "comma", "less top-p", "Lower top-p by 0.05.", in_footer=False),
    Action(
        "sample.more_top_k",
        "right_square_bracket",
        "top-k",
        "Let more candidates in: raise top-k.",
        in_footer=False,
    ),
    Action(
        "sample.less_top_k",
        "left_square_bracket",
        "less top-k",
        "Let fewer candidates in: lower top-k.",
        in_footer=False,
    ),
    Action(
        "sample.faster", "greater_than_sign", "faster", "Write the sample faster.", in_footer=False
    ),
    Action(
        "sample.slower", "less_than_sign", "slower", "Write the sample slower.", in_footer=False
    ),
    Action("sample.look_back", "pageup", "look back", "Scroll the sample back.", in_footer=False),
    Action(
        "sample.look_forth", "pagedown", "look forth", "Scroll the sample forth.", in_footer=False
    ),
    Action(
        "sample.follow", "end", "follow", "Show the sample's end, and follow it.", in_footer=False
    ),
    Action("sample.voice", "v", "voice", "Choose which model speaks."),
    Action(
        "sample.copy", "y", "copy", "Send the sample to the terminal's clipboard.", in_footer=False
    ),
    Action("sample.save", "w", "save", "Save the sample in a new file."),
    Action("hidden.play", "space", "play", "Walk through the text step by step, or stand still."),
    Action("hidden.next_step", "right", "next", "Go one step on.", in_footer=False),
    Action("hidden.previous_step", "left", "previous", "Go one step back.", in_footer=False),
    Action("hidden.next_line", "pagedown", "line on", "Go a line of the text on.", in_footer=False),
    Action(
        "hidden.previous_line",
        "pageup",
        "line back",
        "Go a line of the text back.",
        in_footer=False,
    ),
    Action("hidden.first_step", "home", "first", "Go to the first step.", in_footer=False),
    Action("hidden.last_step", "end", "last", "Go to the last step.", in_footer=False),
    Action(
        "hidden.select_on", "shift+right", "select", "Select, one character on.", in_footer=False
    ),
    Action(
        "hidden.select_back",
        "shift+left",
        "select back",
        "Select, one character back.",
        in_footer=False,
    ),
    Action("hidden.next_unit", "down", "next unit", "Go to the unit below.", in_footer=False),
    Action("hidden.previous_unit", "up", "unit above", "Go to the unit above.", in_footer=False),
    Action("hidden.unit", "u", "unit", "Type which unit to look at.", in_footer=False),
    Action("hidden.value", "v", "value", "Show the next state or gate.", in_footer=False),
    Action("hidden.layer", "y", "layer", "Show the next layer.", in_footer=False),
    Action("hidden.sort", "s", "sort", "Sort the units in another way.", in_footer=False),
    Action(
        "hidden.zoom_in",
        "plus,equals_sign",
        "closer",
        "Show fewer units and steps, larger.",
        in_footer=False,
    ),
    Action(
        "hidden.zoom_out",
        "minus",
        "further",
        "Show more units and steps, smaller.",
        in_footer=False,
    ),
    Action(
        "hidden.text", "t", "text", "Choose, type or paste the text that is read.", in_footer=False
    ),
    Action("hidden.model", "o", "model", "Choose the model that reads it.", in_footer=False),
    Action(
        "hidden.follow", "l", "live", "Follow the live sample as it is written.", in_footer=False
    ),
    Action("hidden.equations", "e", "step", "Show the step with all its numbers."),
    Action("hidden.find", "f", "find", "Find the units that follow a feature of the text."),
    Action("hidden.match", "m", "match", "Find where else the selection's units are on."),
    Action("hidden.clamp", "c", "clamp", "Silence, hold or boost units while the model writes."),
    Action("hidden.gradients", "g", "gradients", "Show what the prediction depends on."),
    Action("hidden.gates", "a", "gates", "Plot how often gates are shut or open.", in_footer=False),
    Action("hidden.compare", "k", "compare", "Lay a second model over the text.", in_footer=False),
    Action(
        "hidden.tiny", "w", "tiny", "Walk through the classic hand computation.", in_footer=False
    ),
    Action("hidden.close", "d", "back", "Drop the selection, or close the tool.", in_footer=False),
    # Their tools tell these keys themselves: the footer has no room for more.
    Action(
        "gradients.truncation",
        "r",
        "truncation",
        "Let gradients go back fewer steps.",
        in_footer=False,
    ),
    Action(
        "gradients.clip", "p", "clip", "Clip long gradients, as a training does.", in_footer=False
    ),
    Action(
        "gradients.fresh", "n", "fresh", "Lay fresh networks beside it, or not.", in_footer=False
    ),
    Action(
        "gradients.forget_bias",
        "b",
        "bias",
        "Give the fresh LSTM another forget bias.",
        in_footer=False,
    ),
    Action(
        "gradients.target",
        "x",
        "target",
        "Ask of what came next, or what was likeliest.",
        in_footer=False,
    ),
    Action(
        "tiny.next_step",
        "n",
        "next step",
        "Go to the next step of the computation.",
        in_footer=False,
    ),
    Action(
        "tiny.previous_step",
        "p",
        "previous",
        "Go to the step of the computation before.",
        in_footer=False,
    ),
    Action("tiny.example", "x", "example", "Take the other built-in network.", in_footer=False),
    Action(
        "tiny.reset", "backspace", "reset", "Give all weights back what they were.", in_footer=False
    ),
    Action("runs.attach", "enter", "attach", "Show this run on the tab Text."),
    Action("runs.compare", "space", "compare", "Mark this run; marked runs' curves are compared."),
    Action("runs.rename", "n", "rename", "Give this run another name."),
    Action("runs.delete", "d,delete", "delete", "Delete this run; asks first."),
)
"""All actions, in the order in which help and footer show them."""


def tab_of(scope: str) -> str:
    """The tab that a scope lies in, or is."""
    return next((tab for tab, parts in _PARTS.items() if scope in parts), scope)


def actions_of(scope: str) -> tuple[Action, ...]:
    """The actions of one scope."""
    return tuple(action for action in ACTIONS if action.scope == scope)
