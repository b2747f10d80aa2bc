// The matrices of Winograd's minimal filtering F(2×2, 3×3) (Lavin and Gray, 2015, arXiv:1509.09308): four outputs of a 3×3 convolution from
// 4×4 inputs with 16 multiplications instead of 36. Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A.

/** Each row of Bᵀ has two entries: +1 at the first place, `sign` at the second. */
export const inputRows = [
  { first: 0, second: 2, sign: -1 },
  { first: 1, second: 2, sign: 1 },
  { first: 2, second: 1, sign: -1 },
  { first: 1, second: 3, sign: -1 },
] as const;

/** G */
export const filterRows = [
  [1, 0, 0],
  [0.5, 0.5, 0.5],
  [0.5, -0.5, 0.5],
  [0, 0, 1],
] as const;

/** Aᵀ */
export const outputRows = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
] as const;

/** values of a tile in each direction */
export const POINTS = 4;
