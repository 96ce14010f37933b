"""What `init` asks on a terminal: which local model is for which group, and which providers to use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence

import click

from router_plugin.joining import LOCAL_GROUPS, Choices, fitting

LEAVE_OUT = "none"
# What must be set for a provider to be used.
PROVIDER_KEYS: Mapping[str, tuple[str, ...]] = {
    "azure": ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"),
    "openai": ("OPENAI_API_KEY",),
    "anthropic": ("ANTHROPIC_API_KEY",),
}
Choose = Callable[[str, Sequence[str], str], str]
Confirm = Callable[[str], bool]


def on_a_terminal() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin.isatty()


def ask(pulled: Sequence[str], environment: Mapping[str, str], choose: Choose, confirm: Confirm) -> Choices:
    """The answers. Only what can be chosen is asked, and each question's default is what init does unasked."""
    models = fitting(pulled)
    for group, local in LOCAL_GROUPS.items():
        usable = local.usable(pulled)
        if len(usable) > 1:
            default = models.get(group, LEAVE_OUT)
            options = [*usable, *([LEAVE_OUT] if default == LEAVE_OUT else [])]
            answer = choose(f"{group}, {local.purpose}", options, default)
            if answer != LEAVE_OUT:
                models[group] = answer
    off = [
        name
        for name, keys in PROVIDER_KEYS.items()
        if all(environment.get(key) for key in keys) and not confirm(f"{' and '.join(keys)} set. Use {name}?")
    ]
    return Choices(models, tuple(off))


def choose_in_terminal(question: str, options: Sequence[str], default: str) -> str:
    """One of the options, by its number or its name; Enter takes the default. Questions go to stderr."""
    click.echo(f"{question}:", err=True)
    for number, option in enumerate(options, 1):
        click.echo(f"  {number} {option}", err=True)
    named = {**{str(number): option for number, option in enumerate(options, 1)}, **{o: o for o in options}}
    answer = click.prompt("Number", default=default, type=click.Choice(list(named)), show_choices=False, err=True)
    return named[answer]


def confirm_in_terminal(question: str) -> bool:
    """Yes unless the answer is no."""
    return click.confirm(question, default=True, err=True)
