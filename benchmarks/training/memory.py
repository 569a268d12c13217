"""Errors for too little memory, which are no fault of a network."""

# Words in the errors of CUDA and MPS; of the CPU; of cuBLAS and cuDNN.
OUT_OF_MEMORY = ("out of memory", "allocate memory", "ALLOC_FAILED")


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, on the device or in the machine."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in OUT_OF_MEMORY)
