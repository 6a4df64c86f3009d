"""``python -m sora.stages NAME`` runs one stage, as dvc.yaml does."""

import errno
import importlib
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")

from sora.attempt import TRANSIENT
from sora.errors import SoraError
from sora.lifetime import die_with_parent
from sora.stages import STAGES

EXIT_RETRY = 75  # EX_TEMPFAIL of sysexits.h: the same command may work later

_ADVICE = {
    errno.ENOSPC: "free some room on the disk",
    errno.EDQUOT: "free some of your quota",
    errno.EACCES: "allow it",
    errno.EPERM: "allow it",
    errno.EROFS: "choose a folder that can be written to",
    errno.ENOTDIR: "remove the file that stands where a folder belongs",
}


def main(arguments: list[str]) -> int:
    """Run the named stage; 0 when done, 75 where a retry can help, else 1 after one line that says why."""
    if len(arguments) != 1 or arguments[0] not in STAGES:
        return _fail(f"expected one of {', '.join(STAGES)}, got {' '.join(arguments) or 'nothing'}")
    die_with_parent()
    from sora.params import read_params  # late, for child processes import this module too

    try:
        modules = {name: importlib.import_module(f"sora.stages.{name}") for name in STAGES}
        params, settings = read_params({name: module.Params for name, module in modules.items()})
        modules[arguments[0]].run(params[arguments[0]], settings)
    except SoraError as error:
        return _fail(str(error))
    except OSError as error:
        if error.errno is None:
            raise
        return _fail(_described(arguments[0], error), EXIT_RETRY if error.errno in TRANSIENT else 1)
    return 0


def _described(stage: str, error: OSError) -> str:
    file = f" ({error.filename})" if error.filename else ""
    advice = _ADVICE.get(error.errno or 0, "see to it")
    return f"{stage} cannot read or write its files: {error.strerror}{file}; {advice} and run again"


def _fail(message: str, code: int = 1) -> int:
    print(f"error: {message}", file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
