"""How loops are compiled: on first use, without the GIL, and kept on disk for the next start where a disk lets them."""

import atexit
import pickle
import shutil
import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numba
from llvmlite.ir import PointerType
from numba import types
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.extending import intrinsic

from circuits.processes import temporary_folder

REMEDY = "set NUMBA_CACHE_DIR to a folder that can be written"


class CacheWarning(UserWarning):
    """What is compiled cannot be kept for the next start."""


@lru_cache
def _digest(folder: Path) -> str:
    """What a loop of that folder may be compiled from: it takes others in, whose text numba does not look at."""
    here = Path(__file__).parent
    sources = {here / "compile.py", *(here / "transient").glob("*.py"), *folder.glob("*.py")}
    return blake2b(b"".join(path.read_bytes() for path in sorted(sources))).hexdigest()


class _CheckedFile(IndexDataCacheFile):
    """Numba's, but code stands behind its digest: damaged code may well be unpickled, and then ends the process.

    What numba itself kept, without a digest, lies under other names.
    """

    def __init__(self, cache_path: str, filename_base: str, source_stamp: Any):
        super().__init__(cache_path, f"{filename_base}-checked", source_stamp)

    def _save_data(self, name: str, data: Any) -> None:
        pickled = self._dump(data)
        with self._open_for_write(self._data_path(name)) as file:
            file.write(blake2b(pickled).digest() + pickled)

    def _load_data(self, name: str) -> Any:
        kept = memoryview(Path(self._data_path(name)).read_bytes())
        digest, pickled = kept[: blake2b.MAX_DIGEST_SIZE], kept[blake2b.MAX_DIGEST_SIZE :]
        if blake2b(pickled).digest() != digest:
            raise ValueError(f"{name} is not what was kept")
        return pickle.loads(pickled)


class _Cache(FunctionCache):
    """Numba's, but what cannot be read is compiled anew, and what cannot be written is not kept.

    What another process left half-written may raise anything; the list of what is kept then begins anew, and with it
    the files that it names.
    """

    def __init__(self, function: Callable):
        super().__init__(function)
        stamp = _digest(Path(function.__code__.co_filename).resolve().parent)
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except OSError as error:
            warnings.warn(f"compiled anew: {error}; {REMEDY}", CacheWarning, stacklevel=2)
        except Exception as error:
            warnings.warn(f"compiled anew: a damaged cache ({error!r})", CacheWarning, stacklevel=2)
            self._kept(self.flush)
        return None

    def save_overload(self, sig: Any, data: Any) -> None:
        self._kept(partial(super().save_overload, sig, data))

    def _kept(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:  # nothing that only saves time may end the work
            warnings.warn(f"not kept for the next start: {error}; {REMEDY}", CacheWarning, stacklevel=4)


def temporary_cache() -> None:
    """Let numba keep what it compiles, other libraries' too, in a folder that goes with this process."""
    try:
        folder = str(temporary_folder())
    except OSError as error:
        raise OSError(f"no folder for compiled code can be made: {error.strerror or error}; {REMEDY}") from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    numba.config.CACHE_DIR = folder
    warnings.warn(f"no folder for compiled code can be written, each start compiles anew; {REMEDY}", CacheWarning, 2)


def with_cache(load: Callable[[], Any]) -> Any:
    """What `load` returns; where numba refuses to compile because it has no place to keep the code, it gets one."""
    try:
        return load()
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
        temporary_cache()
        return load()


def _compiled(function: Callable, **options: Any) -> Callable:
    loop = with_cache(lambda: numba.njit(function, cache=True, **options))
    if hasattr(loop, "enable_caching"):  # a plain function where NUMBA_DISABLE_JIT is set
        loop._cache = _Cache(function)
    return loop


def _compile(fastmath: set[str], **options: Any) -> Callable:
    return partial(_compiled, nogil=True, fastmath=fastmath, error_model="numpy", **options)


# Numba counts who holds an array, atomically, whenever a loop takes a row of it: threads that share the array then wait
# for each other at every row. A lean loop counts nothing, so it may neither allocate nor return an array.
_ALLOCATES, _LEAN = {"_nrt": True}, {"_nrt": False}


# NaN and infinity keep their meaning. Products may be fused, and sums reordered, but not in an `ordered` loop: its
# result is the same on all lanes. A loop's body is inlined: a call costs more than a row of neurons.
_FREE, _ORDERED = {"contract", "reassoc", "nsz", "arcp"}, {"contract"}
jit, lean_jit = _compile(_FREE, **_ALLOCATES), _compile(_FREE, **_LEAN)
inline = _compile(_FREE, forceinline=True, **_LEAN)
ordered_jit, ordered_inline = _compile(_ORDERED), _compile(_ORDERED, forceinline=True)


@inline
def float_of(array, number):
    """The number in the array's precision: a whole number would make numba reckon in double precision beside floats."""
    return array.dtype.type(number)


exact_jit, exact_inline = partial(_compiled, nogil=True), partial(_compiled, inline="always")
exact_lean_jit = partial(_compiled, nogil=True, error_model="numpy", **_LEAN)


@intrinsic
def widest_vectors(context):
    """Called in a loop's function, it lets the compiler use vectors of 512 bits, where LLVM by itself keeps to 256."""

    def build(context, builder, signature, arguments):
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite's `add` knows fewer attributes
        return context.get_dummy_value()

    return types.none(), build


@intrinsic
def arrays_apart(context):
    """Called in a loop's function, it lets the compiler take that no array written there lies over another one there.

    Loops over many arrays stay scalar otherwise: telling first whether any two of them overlap costs too much. For lean
    loops: others count who holds an array, and rows of one array share the count.
    """

    def build(context, builder, signature, arguments):
        for argument in builder.function.args:
            if isinstance(argument.type, PointerType):
                argument.add_attribute("noalias")
        return context.get_dummy_value()

    return types.none(), build
