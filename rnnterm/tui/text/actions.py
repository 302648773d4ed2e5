"""The tab Text's part of the action table."""

from rnnterm.tui.action import Action

ACTIONS = (
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
)
