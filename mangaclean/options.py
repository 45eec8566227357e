"""The arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Chapter = Annotated[
    Path, typer.Argument(metavar="CHAPTER", help="Folder of pages, CBZ, CBR, CB7, PDF, or one picture.")
]
OutFolder = Annotated[Path, typer.Argument(metavar="OUT", help="Folder that a run left.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Where results go.  [default: CHAPTER-cleaned]")]
Workflow = Annotated[str, typer.Option("--workflow", "-w", help="Name of a shipped workflow, or a TOML file.")]
Sets = Annotated[list[str] | None, typer.Option("--set", metavar="STAGE.NAME=VALUE", help="Change a setting.")]
Keep = Annotated[list[str] | None, typer.Option("--keep", metavar="KIND", help="Leave this kind of lettering.")]
Clean = Annotated[list[str] | None, typer.Option("--clean", metavar="KIND", help="Remove this kind of lettering, too.")]
Direction = Annotated[
    str, typer.Option("--direction", metavar="auto|rtl|ltr|ttb", help="Reading direction; auto: by the lettering.")
]
Pages = Annotated[str, typer.Option("--pages", metavar="3-7,12", help="Only these pages, counted from 1.")]
Force = Annotated[bool, typer.Option("--force", help="Make everything anew, edits by hand too.")]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Only pages that failed last time.")]
Recursive = Annotated[bool, typer.Option("--recursive", "-r", help="Every chapter below the folder.")]
Export = Annotated[str, typer.Option("--export", metavar="cbz,pdf", help="Make books of the cleaned pages.")]
TextFormat = Annotated[
    str,
    typer.Option(
        "--format", metavar="NAME", help="labelplus, mokuro, csv, script, xlsx, docx, bt or json; else guessed."
    ),
]
Workers = Annotated[int | None, typer.Option("--workers", min=0, help="Processes that clean pages; 0: one a core.")]
MaxMemory = Annotated[
    int | None,
    typer.Option(
        "--max-memory", min=0, metavar="MB", help="Memory for all processes, pages of usual size; 0: no limit."
    ),
]
Plan = Annotated[bool, typer.Option("--plan", help="Say what would be done and how long it takes; do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what went wrong.")]
Chapters = Annotated[
    list[Path], typer.Argument(metavar="OUT...", help="Folders that runs left, or the chapters themselves.")
]
Formats = Annotated[
    str, typer.Option("--to", metavar="cbz,pdf", help="cbz, pdf, epub, psd, ora, folder, proof: one or several.")
]
BooksOut = Annotated[Path | None, typer.Option("--out", "-o", help="Where books go.  [default: OUT]")]
