"""A bench in Verilog that runs a program on the accelerator and checks what it leaves in DRAM, and its cycles.

The bench has the program and DRAM as memories: a word of 256 bits an instruction, which comes a cycle after its
address; bytes that are read or written `dram_latency` cycles after they are asked for.
"""

from dataclasses import dataclass

import numpy as np

from circuits.accelerator.instructions import BYTES
from circuits.accelerator.machine import Machine
from circuits.errors import InputError
from circuits.units import require

BENCH = "accelerator_bench"
SPARE = 1000  # cycles beyond the expected ones, after which a run that has not ended is stopped
UNKNOWN = 10_000_000  # cycles after which a run of unknown length is stopped


@dataclass(frozen=True, eq=False)
class BenchRun:
    """A program's bytes, what DRAM holds before it, the bytes from `address` on after it, and when it ends.

    `cycles` None: unknown, and not compared.
    """

    machine: Machine
    program: bytes
    dram: np.ndarray  # uint8, all bytes that it reaches
    address: int
    expected: np.ndarray  # uint8
    cycles: int | None

    def __post_init__(self):
        if not self.program or len(self.program) % BYTES:
            raise InputError(f"a program is whole instructions of {BYTES} bytes, got {len(self.program)} bytes")
        inside = 0 <= self.address <= len(self.dram) - len(self.expected) and len(self.expected) > 0
        require(self, "address", inside, f"that of {len(self.expected)} bytes within {len(self.dram)} of DRAM")

    @property
    def n_instructions(self) -> int:
        return len(self.program) // BYTES

    @property
    def limit(self) -> int:
        """Cycles after which the run is stopped."""
        return UNKNOWN if self.cycles is None else self.cycles + SPARE

    def memory_files(self) -> dict[str, str]:
        """program.hex, dram.hex and expected.hex, as `$readmemh` takes them."""
        words = (self.program[i : i + BYTES][::-1].hex() for i in range(0, len(self.program), BYTES))
        return {
            "program.hex": "".join(f"{word}\n" for word in words),
            "dram.hex": _bytes_as_hex(self.dram),
            "expected.hex": _bytes_as_hex(self.expected),
        }


def _bytes_as_hex(data: np.ndarray) -> str:
    """16 bytes a line."""
    text = data.astype(np.uint8).tobytes().hex(" ").split(" ")
    return "".join(" ".join(text[i : i + 16]) + "\n" for i in range(0, len(text), 16))


def bench_text(run: BenchRun) -> str:
    """The bench, module `accelerator_bench`; it prints PASS or FAIL, and ends with status 0 or 1."""
    machine = run.machine
    return _BENCH.format(
        bench=BENCH,
        width=machine.dram_width,
        latency=machine.dram_latency,
        bits=8 * machine.dram_width,
        request=50 + 8 * machine.dram_width,
        instructions=run.n_instructions,
        bytes=len(run.dram),
        address=run.address,
        checked=len(run.expected),
        cycles=-1 if run.cycles is None else run.cycles,
        limit=run.limit,
    )


_BENCH = """\
// Runs program.hex on the accelerator with dram.hex behind it, and compares DRAM with expected.hex.
`timescale 1ns / 1ps
module {bench};
  localparam WIDTH = {width}, LATENCY = {latency};
  localparam INSTRUCTIONS = {instructions}, BYTES = {bytes}, ADDRESS = {address}, CHECKED = {checked};
  localparam signed [63:0] CYCLES = {cycles};  // -1: not compared
  localparam [63:0] LIMIT = {limit};

  reg [255:0] program_words [0:INSTRUCTIONS-1];
  reg [7:0] dram [0:BYTES-1];
  reg [7:0] expected [0:CHECKED-1];
  reg clk = 0, rst = 1;
  wire [31:0] program_address, dram_address;
  reg [255:0] program_data = 0;
  wire [15:0] dram_count;
  wire dram_read, dram_write, finished;
  reg [{bits}-1:0] dram_read_data = 0;
  wire [{bits}-1:0] dram_write_data;
  wire [47:0] cycles;

  accelerator dut (
    .clk(clk), .rst(rst), .program_address(program_address), .program_data(program_data),
    .dram_address(dram_address), .dram_count(dram_count), .dram_read(dram_read), .dram_write(dram_write),
    .dram_read_data(dram_read_data), .dram_write_data(dram_write_data), .cycles(cycles), .finished(finished)
  );

  always #5 clk = ~clk;

  always @(posedge clk)
    program_data <= program_address < INSTRUCTIONS ? program_words[program_address] : 256'd0;

  // What is asked for now, and what was LATENCY cycles ago: one row of registers, so that requests keep their order.
  wire [{request}-1:0] asked = {{dram_read & ~rst, dram_write & ~rst, dram_count, dram_address, dram_write_data}};
  reg [{request}-1:0] late [0:LATENCY];
  wire [{request}-1:0] now = LATENCY == 0 ? asked : late[LATENCY];
  wire reads, writes;
  wire [15:0] count;
  wire [31:0] address;
  wire [{bits}-1:0] data;
  assign {{reads, writes, count, address, data}} = now;
  integer k, s;
  initial for (s = 0; s <= LATENCY; s = s + 1) late[s] = 0;
  always @(posedge clk) begin
    for (s = LATENCY; s > 1; s = s - 1) late[s] <= late[s-1];
    if (LATENCY > 0) late[1 % (LATENCY + 1)] <= asked;
    if (writes)
      for (k = 0; k < WIDTH; k = k + 1) if (k < count) dram[address + k] <= data[8*k +: 8];
  end
  integer j;
  always @(negedge clk) begin  // in the middle of the cycle: what is asked for has settled
    dram_read_data = 0;
    if ((reads || writes) && address + count > BYTES) begin
      $display("FAIL: byte %0d of DRAM is asked for, it has %0d", address + count - 1, BYTES);
      $fatal(1);
    end else if (reads)
      for (j = 0; j < WIDTH; j = j + 1) if (j < count) dram_read_data[8*j +: 8] = dram[address + j];
  end

  integer i, wrong = 0, first_wrong = 0;
  reg [63:0] waited = 0;
  initial begin
    $readmemh("program.hex", program_words);
    $readmemh("dram.hex", dram);
    $readmemh("expected.hex", expected);
    repeat (2) @(negedge clk);
    rst = 0;
    while (finished !== 1'b1 && waited < LIMIT + 16) begin @(negedge clk); waited = waited + 1; end
    for (i = CHECKED - 1; i >= 0; i = i - 1)
      if (dram[ADDRESS + i] !== expected[i]) begin wrong = wrong + 1; first_wrong = i; end
    if ($test$plusargs("dump")) $writememh("output.hex", dram, ADDRESS, ADDRESS + CHECKED - 1);
    if (finished !== 1'b1) $display("FAIL: not at its END after %0d cycles", waited);
    else if (CYCLES >= 0 && cycles != CYCLES) $display("FAIL: %0d cycles, expected %0d", cycles, CYCLES);
    if (wrong != 0)
      $display("FAIL: %0d of %0d bytes differ, the first at %0d: %h, expected %h", wrong, CHECKED,
               ADDRESS + first_wrong, dram[ADDRESS + first_wrong], expected[first_wrong]);
    if (finished === 1'b1) $display("%0d cycles, %0d bytes compared", cycles, CHECKED);
    if (finished !== 1'b1 || (CYCLES >= 0 && cycles != CYCLES) || wrong != 0) $fatal(1);
    $display("PASS");
    $finish;
  end
endmodule
"""
