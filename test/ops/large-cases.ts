// Cases that plain loops take seconds for; on the references and the interpreter they run only in full sweeps (npm run test:all).

export const largeCases: ReadonlySet<string> = new Set([
  "test_operator_conv",
  "test_MaxPool1d_stride_padding_dilation",
  "test_MaxPool2d_stride_padding_dilation",
  "test_maxpool_3d_default",
  "test_averagepool_3d_default",
]);

export const fullSweep = process.env.AZULEJO_SWEEP === "all";
