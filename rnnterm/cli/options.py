"""Options that several commands share, so that each reads alike everywhere."""

import click

model_option = click.option(
    "--model",
    default="shakespeare",
    show_default=True,
    metavar="M",
    help="A bundled model, a run, or a model file.",
)
seed_option = click.option(
    "--seed", default="", metavar="TEXT", help="What to continue; - standard input, @FILE."
)
runs_dir_option = click.option(
    "--runs-dir", type=click.Path(), help="Where runs live (else RNNTERM_RUNS)."
)
json_option = click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
