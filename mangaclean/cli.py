"""The command line: parse, call, print, exit."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mangaclean import options
from mangaclean.errors import Exit, MangacleanError

if TYPE_CHECKING:
    from mangaclean.config import Config

app = typer.Typer(
    help="Cleans manga and comic chapters: finds the lettering, removes it, reads it, and keeps the art.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
text_app = typer.Typer(help="The text in translators' formats: export, import, check.", no_args_is_help=True)
app.add_typer(text_app, name="text")


def _version(show: bool) -> None:
    if show:
        from mangaclean import __version__

        typer.echo(f"mangaclean {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _stage_command(until: str, summary: str) -> Callable[..., None]:
    def command(
        chapter: options.Chapter,
        out: options.Out = None,
        workflow: options.Workflow = "",
        sets: options.Sets = None,
        keep: options.Keep = None,
        clean: options.Clean = None,
        direction: options.Direction = "",
        pages: options.Pages = "",
        force: options.Force = False,
        retry_failed: options.RetryFailed = False,
        recursive: options.Recursive = False,
        export: options.Export = "",
        workers: options.Workers = None,
        max_memory: options.MaxMemory = None,
        plan: options.Plan = False,
        json: options.Json = False,
        verbose: options.Verbose = False,
        quiet: options.Quiet = False,
    ) -> None:
        from mangaclean import session, telling
        from mangaclean.chapter import Choice

        _logging(verbose, quiet)
        segment = {"direction": direction} if direction else {}
        config = _config(workflow, sets, keep, clean, export, workers, max_memory, segment=segment)
        choice = Choice(session.page_numbers(pages), until, force, retry_failed)
        show = telling.reporter(json=json, quiet=quiet)
        raise typer.Exit(session.run(chapter, out, config, choice, recursive=recursive, only_plan=plan, show=show))

    command.__doc__ = summary
    return command


app.command("chapter")(_stage_command("ocr", "Clean a chapter: segment, inpaint and ocr, as far as needed."))
app.command("segment")(_stage_command("segment", "Only find the lettering: masks to look at and to edit."))
app.command("inpaint")(_stage_command("inpaint", "Find the lettering and remove it, without reading it."))
app.command("ocr")(_stage_command("ocr-only", "Find the lettering and read it, without removing it."))


@app.command()
def status(out: options.OutFolder, json: options.Json = False) -> None:
    """What is done in an output folder, what failed and why, what was edited by hand, and what took longest."""
    from mangaclean import session

    _logging(False, False)
    raise typer.Exit(session.status(out, as_json=json))


@app.command()
def typeset(
    out: options.OutFolder,
    font: Annotated[str, typer.Option("--font", metavar="NAME|FILE", help="Set all in this font.")] = "",
    language: Annotated[str, typer.Option("--language", "-l", help="Of the translation: en, fr, vi, zh, ar, …")] = "",
    workflow: options.Workflow = "",
    sets: options.Sets = None,
    pages: options.Pages = "",
    force: options.Force = False,
    workers: options.Workers = None,
    max_memory: options.MaxMemory = None,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Set the translations of text.json on the cleaned pages: OUT/typeset."""
    from mangaclean import session, telling
    from mangaclean.chapter import Choice

    _logging(verbose, quiet)
    given = {name: value for name, value in (("font", font), ("language", language)) if value}
    config = _config(workflow, sets, None, None, "", workers, max_memory, typeset=given)
    choice = Choice(session.page_numbers(pages), "typeset", force)
    raise typer.Exit(session.typeset(out, config, choice, telling.reporter(json=json, quiet=quiet)))


@app.command("export")
def export_books(
    chapters: options.Chapters,
    to: options.Formats,
    out: options.BooksOut = None,
    pages: Annotated[str, typer.Option("--pages", metavar="typeset|cleaned", help="With or without lettering.")] = "",
    join: Annotated[str, typer.Option("--join", metavar="TITLE", help="All chapters as one book.")] = "",
    title: Annotated[str, typer.Option("--title", help="Title of the chapter.")] = "",
    series: Annotated[str, typer.Option("--series", help="Series that it belongs to.")] = "",
    number: Annotated[str, typer.Option("--number", help="Number in the series.")] = "",
    language: Annotated[str, typer.Option("--language", "-l", help="Of the book: en, fr, vi, zh, ar, …")] = "",
    quality: Annotated[int, typer.Option("--quality", min=0, max=100, help="Pages as JPEG; 0: as they are.")] = 0,
    workflow: options.Workflow = "",
    sets: options.Sets = None,
    force: Annotated[bool, typer.Option("--force", help="Replace PSD and ORA files that have changed.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Make books of finished pages, or layers to go on with: typeset pages, else cleaned ones, else the originals."""
    from mangaclean import publishing

    _logging(False, quiet)
    named = {"pages": pages, "title": title, "series": series, "number": number, "language": language}
    given: dict[str, Any] = {name: value for name, value in {**named, "quality": quality}.items() if value}
    config = _config(workflow, sets, None, None, to, None, export=given)
    raise typer.Exit(publishing.export(chapters, out, config, join=join, force=force))


@app.command()
def watch(
    inbox: Annotated[Path, typer.Argument(metavar="INBOX", help="Folder into which chapters are put.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    workflow: options.Workflow = "",
    sets: options.Sets = None,
    keep: options.Keep = None,
    clean: options.Clean = None,
    export: options.Export = "",
    workers: options.Workers = None,
    max_memory: options.MaxMemory = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is there, then end; for cron.")] = False,
    settle: Annotated[float, typer.Option("--settle", min=0, help="Seconds without change until it is taken.")] = 10.0,
    poll: Annotated[bool, typer.Option("--poll", help="Look regularly; for network drives.")] = False,
    json: options.Json = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
) -> None:
    """Clean every chapter that is put into a folder, as soon as it has stopped changing."""
    from mangaclean import chapter, session, telling
    from mangaclean import watch as watching

    _logging(verbose, quiet)
    config = _config(workflow, sets, keep, clean, export, workers, max_memory)
    show = telling.reporter(json=json, quiet=quiet)

    def clean_one(path: Path, target: Path) -> Exit:
        return Exit(session.run(path, target, config, chapter.Choice(), show=show))

    code = watching.watch(inbox, out, config, once=once, clean=clean_one, settle=settle, poll=poll or None)
    raise typer.Exit(int(code))


@app.command()
def config(
    workflow: options.Workflow = "", sets: options.Sets = None, keep: options.Keep = None, clean: options.Clean = None
) -> None:
    """Print the settings that hold, as TOML, and where each comes from."""
    from mangaclean import config as settings

    given = workflow or None, sets or (), keep or (), clean or ()
    typer.echo(settings.to_toml(settings.resolve(*given), settings.origins(*given)), nl=False)


@app.command()
def doctor(json: options.Json = False) -> None:
    """What is installed, which engines work, and how fast this machine is."""
    from mangaclean import doctor as examination

    _logging(False, False)
    raise typer.Exit(examination.doctor(as_json=json))


@text_app.command("export")
def text_export(
    out: options.OutFolder,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to make.")],
    form: options.TextFormat = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there already.")] = False,
) -> None:
    """Write the text in the format of a translator's tool."""
    from mangaclean.interchange import desk

    _logging(False, False)
    raise typer.Exit(desk.give(out, to, form, force=force))


@text_app.command("import")
def text_import(
    out: options.OutFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What a translator sent back.")],
    form: options.TextFormat = "",
    json: options.Json = False,
) -> None:
    """Put the translations of a file into text.json, by region, by place or by number; 6 if some have no place."""
    from mangaclean.interchange import desk

    _logging(False, False)
    raise typer.Exit(desk.take(out, file, form, as_json=json))


@text_app.command("check")
def text_check(
    out: options.OutFolder,
    font: Annotated[Path | None, typer.Option("--font", metavar="FILE", help="Look for glyphs it lacks, too.")] = None,
    json: options.Json = False,
) -> None:
    """Look for translations that are missing, untranslated, too long, or differ in numbers; 6 if there are any."""
    from mangaclean.interchange import desk

    _logging(False, False)
    raise typer.Exit(desk.check(out, font, as_json=json))


@app.command()
def schema() -> None:
    """Print the JSON Schema of text.json."""
    import json

    from mangaclean.interchange.schema import schema

    typer.echo(json.dumps(schema(), ensure_ascii=False, indent=1))


def _config(
    workflow: str,
    sets: list[str] | None,
    keep: list[str] | None,
    clean: list[str] | None,
    formats: str,
    workers: int | None,
    max_memory: int | None = None,
    **given: dict[str, Any],
) -> "Config":
    from mangaclean.config import resolve

    tables: dict[str, dict[str, Any]] = {table: values for table, values in given.items() if values}
    if formats:
        from mangaclean.export import check

        names = tuple(name.strip() for name in formats.split(",") if name.strip())
        for name in names:
            check(name)  # a wrong name is found before the work, not after it
        tables["output"] = {"export": names}
    said = {"workers": workers, "max_memory": max_memory}
    tables["run"] = {name: value for name, value in said.items() if value is not None}
    return resolve(workflow or None, sets or (), keep or (), clean or (), **tables)


def _logging(verbose: bool, quiet: bool) -> None:
    level = logging.DEBUG if verbose else logging.ERROR if quiet else logging.WARNING
    logging.basicConfig(level=level, format="%(levelname)s: %(message)s", stream=sys.stderr, force=True)
    for name in ("PIL", "watchfiles", "filelock"):
        logging.getLogger(name).setLevel(logging.WARNING)


def main() -> None:
    """The console script: turns errors into messages and exit codes."""
    try:
        app()
    except MangacleanError as error:
        typer.echo(f"mangaclean: {error}", err=True)
        sys.exit(int(error.code))
    except SystemExit as end:
        if end.code == Exit.INTERRUPTED:  # Typer turns Ctrl-C into this, without a word
            typer.echo("mangaclean: stopped; the same command goes on from here", err=True)
        raise
