"""The benchmarks: HumanEval, HumanEval+, MBPP and MBPP+, each a loader of its published tasks."""
