"""The accelerator as hardware, in Amaranth: what `Machine` describes, element by element, and its Verilog.

    program -> Controller -> Mover    DRAM <-> LaneMemory (activations, weights, parameters, state)
                          -> Computer SystolicArray <-> SumMemory <-> VectorLane, one a column

`AcceleratorCore` is all of it. Nothing else in the house imports this folder when it is itself imported.
"""

from circuits.errors import MissingPackageError

try:
    import amaranth  # noqa: F401
except ImportError as error:
    raise MissingPackageError('the accelerator as RTL needs Amaranth: pip install "tunnelspike[rtl]"') from error
