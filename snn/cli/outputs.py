"""What a command may write beside its result: refused before the work, for what is known to be wrong by then."""

from pathlib import Path


def require_outputs(*files: Path | None, plot: Path | None = None) -> None:
    """Raises: InputError for a picture of no known format, and a file of a run, which only its training writes;
    FolderBusyError for a folder into which another process writes.
    """
    if plot:
        from snn.report.pictures import picture_format

        picture_format(plot)
    for file in filter(None, (*files, plot)):
        from snn.experiments.run_folder import require_no_run_file  # takes seconds, for the few who ask for a file
        from snn.folder_lock import require_free

        require_no_run_file(file)
        require_free(file.parent)
