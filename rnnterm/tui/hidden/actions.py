"""The tab Hidden state's part of the action table."""

from rnnterm.tui.action import Action

ACTIONS = (
    Action("hidden.play", "space", "play", "Walk on step by step, or stand still."),
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
    Action(
        "hidden.layer",
        "y",
        "layer",
        "Show the next layer, or a forecaster's next network.",
        in_footer=False,
    ),
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
        "hidden.text",
        "t",
        "text",
        "Choose the text that is read, or the stretch of a series.",
        in_footer=False,
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
)
