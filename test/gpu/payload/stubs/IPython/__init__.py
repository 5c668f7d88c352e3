"""SGLang imports it, for notebooks."""
