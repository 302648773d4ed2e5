"""The tab Forecast's part of the action table."""

from rnnterm.tui.action import Action

ACTIONS = (
    Action("forecast.start", "g", "start", "Learn this series, and forecast it."),
    Action("forecast.stop", "x", "stop", "Stop learning."),
    Action("forecast.edit", "enter", "edit", "Type another value, or take the next choice."),
    Action(
        "forecast.more",
        "right",
        "more",
        "Raise the forecast's value, or take the next choice.",
        in_footer=False,
    ),
    Action(
        "forecast.less",
        "left",
        "less",
        "Lower the forecast's value, or take the choice before.",
        in_footer=False,
    ),
    Action(
        "forecast.next_value",
        "down",
        "next value",
        "Go to the forecast's next value.",
        in_footer=False,
    ),
    Action(
        "forecast.previous_value",
        "up",
        "previous value",
        "Go to the forecast's value before.",
        in_footer=False,
    ),
    Action(
        "forecast.reset",
        "backspace",
        "reset",
        "Give the value back its usual.",
        in_footer=False,
    ),
    Action("forecast.open", "o", "series", "Choose the sine, the sunspots, or a CSV file."),
    Action(
        "forecast.recipe", "r", "recipe", "Take the next recipe of a forecaster.", in_footer=False
    ),
    Action("forecast.look", "v", "view", "Show the whole series, or its end and what lies beyond."),
    Action("forecast.details", "d", "loss", "Show the falling loss, or the figures."),
    Action(
        "forecast.read_later",
        "full_stop",
        "read off",
        "Read the chart one step later.",
        in_footer=False,
    ),
    Action(
        "forecast.read_earlier",
        "comma",
        "earlier",
        "Read the chart one step earlier.",
        in_footer=False,
    ),
    Action(
        "forecast.scroll_down", "pagedown", "more text", "Scroll the figures down.", in_footer=False
    ),
    Action("forecast.scroll_up", "pageup", "less text", "Scroll the figures up.", in_footer=False),
    Action("forecast.explore", "e", "cells", "Look into the cells that forecast, step by step."),
    Action("forecast.save", "w", "save", "Keep the forecaster in a file.", in_footer=False),
    Action(
        "forecast.load",
        "l",
        "load",
        "Forecast this series with a forecaster that was kept.",
        in_footer=False,
    ),
    Action("forecast.export", "c", "table", "Write all forecasts to a CSV table.", in_footer=False),
)
