// The operators whose code is read with the compiler: what most networks of pictures, text and sound are made of, and what takes the place of those
// (test/ops/usual.test.ts). All others lie in files that are read when a model names one: a fifth of the compiler's text would be theirs.
// Names of files in src/ops.
const names = `
  abs add and arg-max arg-min average-pool batch-normalization cast ceil clip concat constant constant-of-shape conv conv-transpose cos div dropout elu equal erf exp
  expand flatten floor gather gather-elements gelu gemm global-average-pool global-max-pool greater greater-or-equal hard-sigmoid hard-swish identity if
  layer-normalization leaky-relu less less-or-equal log log-softmax lrn lstm mat-mul max max-pool min mod mul neg not or p-relu pad pow range reciprocal
  reduce-l2 reduce-max reduce-mean reduce-min reduce-prod reduce-sum reduce-sum-square relu reshape resize round shape sigmoid sign sin slice softmax
  softplus split sqrt squeeze sub sum swish tanh tile transpose trilu unsqueeze upsample where while winograd-input winograd-output write-row xor
  channel-shuffle shuffled-pointwise loop group-normalization gru instance-normalization simplified-layer-normalization recurrent-steps rms-normalization rnn
`; // biome-ignore format: a list
export const usualOperators: ReadonlySet<string> = new Set(names.trim().split(/\s+/));
