// erf in the language: an odd polynomial below 1, 1 − 2^p(|x|) above. Minimax fits (Remez) of relative error of erf.
import type { AnyTile } from "../tile.js";
import { literal, where } from "../tile.js";
import { exp2 } from "./exponential.js";
import type { Body } from "./format.js";
import { formatOf, horner, withSignOf } from "./format.js";

/** erf(x)/x − 1 in x², |x| < 1: 4e-8 for f32, 1.3e-19 for f64 */
const near = {
  f32: [
    0.1283791065216064, -0.37612324953079224, 0.11280179768800735, -0.02671131119132042, 0.004917552229017019,
    -0.0005631425883620977,
  ],
  f64: [
    0.1283791670955126, -0.3761263890318375, 0.11283791670954857, -0.026866170645072893, 0.005223977624780838,
    -0.0008548326978740622, 0.000120553310368449, -1.4925593505645053e-5, 1.646097279815068e-6, -1.6350025034086767e-7,
    1.4657878650325638e-8, -1.1365661644367267e-9, 5.945254923277616e-11,
  ],
};
/** log2(erfc(x)) on [1, 4], weighted for erf: 7.6e-9 */
const far32 = [
  -0.00032758491579443216, -1.627132534980774, -0.9178991913795471, -0.15233314037322998, 0.0341416597366333,
  -0.005358644295483828, 0.0005153528181836009, -2.259614302602131e-5,
];
/** the same around 1.625 on [1, 2.25] and around 4.125 on [2.25, 6]: 6e-20 and 4e-19 */
const far64 = [
  [
    -5.535748844391499, -5.38576230816792, -1.301000790235391, -0.03319492305684752, 0.0076030451732568465,
    -0.0015910631274604905, 0.00028203309189821866, -3.457272721412645e-5, -7.165168211338947e-7, 2.1653475730362538e-6,
    -8.407287005746207e-7, 2.1751455415728306e-7, -3.906749875664509e-8, 2.907993592488614e-9, 1.7560156327634438e-9,
    -1.0865881434696617e-9,
  ],
  [
    -27.458155061804227, -12.23392612966629, -1.4063595661879946, -0.0050721653489595436, 0.0007623631553433005,
    -0.00011699198058135527, 1.7876785511425622e-5, -2.6771571205791476e-6, 3.8763678119842114e-7,
    -5.3421492592900534e-8, 6.8452497674261904e-9, -7.79777409470245e-10, 6.784606478223404e-11,
    -1.0101324279267947e-12, -8.459377259531161e-13, 2.2248297077680121e-13, -1.3073079467272082e-13,
    3.0919888155882e-14,
  ],
] as const;

/** log2 of 1 − erf(t) for t ≥ 1; from the upper ends on erf rounds to 1 */
function logComplement(t: AnyTile): AnyTile {
  if (t.dtype !== "f64") return horner(t.minimum(4), far32);
  const c = t.minimum(6);
  return where(c.lt(2.25), horner(c.sub(1.625), far64[0]), horner(c.sub(4.125), far64[1]));
}
export const erf: Body = x => {
  const t = x.abs();
  const z = x.mul(x);
  const below = x.add(x.mul(horner(z, near[formatOf(x).float])));
  const above = literal(x.dtype, 1).sub(exp2(logComplement(t), { nonPositive: true }));
  return where(t.lt(1), below, withSignOf(x, above));
};
