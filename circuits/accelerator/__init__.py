"""A digital accelerator of one's own: instructions, compiler, executor, and the same in RTL."""
