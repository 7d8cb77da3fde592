"""Print the lowest version of each claimed dependency, as constraints for pip."""

import re
from importlib.metadata import requires

# Name, perhaps extras, and the lower bound: "dask>=2024.8; extra == 'scale'".
REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[^]]*\])?\s*>=\s*([\w.]+)")

found = [REQUIREMENT.match(line) for line in requires("readout-corpus") or ()]
for line in sorted({f"{match[1]}=={match[2]}" for match in found if match}):
    print(line)
