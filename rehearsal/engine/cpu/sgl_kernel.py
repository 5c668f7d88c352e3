"""In place of SGLang's compiled kernels, which are for GPUs: what SGLang imports of them is there, and its own code in PyTorch runs."""

import torch

# A package without modules: `import sgl_kernel.flash_mla` fails, as where that kernel was not built.
__path__ = []


def absent(name):
    def call(*_, **__):
        raise NotImplementedError(f"sgl_kernel.{name} is a compiled kernel, which SGLang's CPU engine has not got here")

    return call


class Operators:
    """Those for CPUs have names, which SGLang looks up when it is imported. Whether these and all others are there, it asks first."""

    ASKED_FOR = ("fused_qk_norm_cpu", "fused_qk_norm_rope_cpu")

    def __getattr__(self, name):
        if not name.endswith("_cpu") or name in self.ASKED_FOR:
            raise AttributeError(name)
        return absent(name)


torch.ops.sgl_kernel = Operators()


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return absent(name)
