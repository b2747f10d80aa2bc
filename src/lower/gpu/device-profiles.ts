// GPUs as far as occupancy limits and predicted times need them. Figures are the vendors' or of published measurements; nothing is compiled
// differently for one of them.

export interface DeviceProfile {
  readonly name: string;
  /** multiprocessors, cores or subslices: what a workgroup runs on */
  readonly cores: number;
  /** of 32 bits, of one core */
  readonly registers: number;
  /** an invocation that wants more spills */
  readonly registersEach: number;
  readonly workgroupBytes: number;
  /** invocations that a core holds */
  readonly invocations: number;
  /** multiply-adds of f32 of the whole device, in one nanosecond */
  readonly multiplyAddsPerNs: number;
  readonly globalBytesPerNs: number;
  readonly workgroupBytesPerNs: number;
}

export const deviceProfiles: readonly DeviceProfile[] = [
  {
    // NVIDIA, H100 Tensor Core GPU Architecture (2022), SXM5: 132 SMs of 128 lanes at 1.98 GHz, HBM3; 128 bytes of shared memory a clock and SM
    name: "H100",
    cores: 132,
    registers: 65536,
    registersEach: 255,
    workgroupBytes: 227 * 1024,
    invocations: 2048,
    multiplyAddsPerNs: 132 * 128 * 1.98,
    globalBytesPerNs: 3350,
    workgroupBytesPerNs: 132 * 128 * 1.98,
  },
  {
    // M2 with 10 cores of 128 lanes at 1.398 GHz; register file and ALUs after Dougall Johnson's and Philip Turner's measurements of Apple's GPUs
    name: "Apple M2",
    cores: 10,
    registers: (208 * 1024) / 4,
    registersEach: 128,
    workgroupBytes: 60 * 1024,
    invocations: 1024,
    multiplyAddsPerNs: 10 * 128 * 1.398,
    globalBytesPerNs: 100,
    workgroupBytesPerNs: 10 * 64 * 1.398,
  },
  {
    // Intel Iris Xe, 96 EUs of 8 lanes at 1.3 GHz in 6 subslices of 16; 7 threads an EU with 128 registers of 8 lanes, as SIMD8; LPDDR4X-4266
    name: "integrated (Iris Xe)",
    cores: 6,
    registers: 16 * 7 * 128 * 8,
    registersEach: 128,
    workgroupBytes: 64 * 1024,
    invocations: 16 * 7 * 8,
    multiplyAddsPerNs: 96 * 8 * 1.3,
    globalBytesPerNs: 68,
    workgroupBytesPerNs: 6 * 128 * 1.3,
  },
];

export interface Occupancy {
  readonly spills: boolean;
  /** workgroups that a core holds at once */
  readonly workgroups: number;
  /** what sets that number */
  readonly limit: "registers" | "workgroup memory" | "invocations";
  /** invocations at once, of those that a core can hold */
  readonly share: number;
}
export function occupancyOf(
  device: DeviceProfile,
  needs: { readonly registers: number; readonly workgroupBytes: number; readonly workgroupSize: number },
): Occupancy {
  // registers are given out in steps of 8
  const registers = Math.min(device.registersEach, 8 * Math.ceil(needs.registers / 8)) * needs.workgroupSize;
  const bounds = [
    ["registers", device.registers / registers],
    ["workgroup memory", needs.workgroupBytes === 0 ? Infinity : device.workgroupBytes / needs.workgroupBytes],
    ["invocations", device.invocations / needs.workgroupSize],
  ] as const;
  const [limit, most] = bounds.reduce((a, b) => (b[1] < a[1] ? b : a));
  const workgroups = Math.floor(most);
  return {
    spills: needs.registers > device.registersEach,
    workgroups,
    limit,
    share: (workgroups * needs.workgroupSize) / device.invocations,
  };
}
