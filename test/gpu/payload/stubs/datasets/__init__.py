"""SGLang imports it, for benchmarks with downloaded prompts."""


def load_dataset(*_, **__):
    raise RuntimeError('data sets cannot be downloaded here')


class Dataset:
    pass


class IterableDataset:
    pass
