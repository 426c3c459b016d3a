"""`python -m train`: the commands, one file each in train/commands/."""

from __future__ import annotations

from typing import Any

import tyro

from train.commands.convert_vgg import ConvertVgg
from train.commands.evaluate import Evaluate
from train.commands.export import Export
from train.commands.fit import Fit
from train.commands.mix import Mix
from train.commands.search import Search
from train.commands.sheet import Sheet
from train.commands.statistics import Statistics
from train.commands.synthesise import Synthesise

COMMANDS: dict[str, Any] = {
    "fit": Fit,
    "mix": Mix,
    "evaluate": Evaluate,
    "export": Export,
    "search": Search,
    "sheet": Sheet,
    "synthesise": Synthesise,
    "convert-vgg": ConvertVgg,
    "statistics": Statistics,
}

CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff)

if __name__ == "__main__":
    command = tyro.extras.subcommand_cli_from_dict(COMMANDS, prog="python -m train", config=CONFIG)
    try:
        command()
    except (ValueError, OSError, FloatingPointError) as error:
        raise SystemExit(f"train: {error}") from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None
