"""What the action table is made of."""

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
