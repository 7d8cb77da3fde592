"""Run the tasks of this benchmark in Inspect with a mock model, and print the results as JSON.

A test starts this in an environment that has Inspect, with the folders of the data and of logs.
"""

import json
import sys

from harness import answer_prompts
from inspect_ai import eval as run_tasks
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from readout.benchmark.tasks import TASKS


def main(hub, logs):
    replies = answer_prompts(hub)

    def answer(messages, tools, tool_choice, config):
        output = ModelOutput.from_content("mockllm/model", replies[messages[-1].text])
        # Without a usage, the mock model would download the table of a tokenizer.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    model = get_model("mockllm/model", custom_outputs=answer, memoize=False)
    found = {}
    for task in TASKS:
        (log,) = run_tasks(
            f"readout/{task}",
            model=model,
            task_args={"hub": hub},
            log_dir=logs,
            display="plain",
        )
        metrics = log.results.scores[0].metrics if log.results else {}
        values = {name: metric.value for name, metric in metrics.items()}
        error = log.error.message if log.error else None
        found[task] = {"log": log.location, "metrics": values, "error": error}
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
