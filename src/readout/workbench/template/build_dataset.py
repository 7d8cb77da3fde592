"""Build the Hugging Face dataset repository of this corpus in ``build/hub``."""

from readout.cli import main

if __name__ == "__main__":
    main(["build"], prog_name="readout")
