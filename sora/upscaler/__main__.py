"""``python -m sora.upscaler``: train the project's own super-resolution network, as its dvc.yaml does."""

import sys

from sora.errors import SoraError
from sora.lifetime import die_with_parent


def main() -> int:
    """Train and judge; return the exit code: 0, or 1 after a message for the user."""
    die_with_parent()
    from sora import layout  # late, for child processes import this module too
    from sora.upscaler.params import read_upscaler_params
    from sora.upscaler.train import train_upscaler

    try:
        found = train_upscaler(read_upscaler_params(layout.UPSCALER_PARAMS))
    except SoraError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    low, high = found.gain_interval_db
    print(
        f"{found.network_db:.2f} dB on {len(found.clips)} held-out clips, Lanczos {found.lanczos_db:.2f}: "
        f"{found.gain_db:+.2f} dB, 95 % interval {low:+.2f} to {high:+.2f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
