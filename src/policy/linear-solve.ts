/** Solving linear equations for the small fits of this room. */

/**
 * Solves a symmetric system by Cholesky's factorisation. Only the lower triangle of `matrix` (row by
 * row) is read, and it is overwritten; a matrix that is not positive definite is made so.
 */
export function solveCholesky(
  matrix: Float64Array,
  right: Float64Array,
  width: number,
): Float64Array {
  for (let row = 0; row < width; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * width + column]!;
      for (let k = 0; k < column; k += 1)
        sum -= matrix[row * width + k]! * matrix[column * width + k]!;
      matrix[row * width + column] =
        row === column ? Math.sqrt(Math.max(sum, 1e-12)) : sum / matrix[column * width + column]!;
    }
  }
  const solution = new Float64Array(width);
  for (let row = 0; row < width; row += 1) {
    let sum = right[row]!;
    for (let k = 0; k < row; k += 1) sum -= matrix[row * width + k]! * solution[k]!;
    solution[row] = sum / matrix[row * width + row]!;
  }
  for (let row = width - 1; row >= 0; row -= 1) {
    let sum = solution[row]!;
    for (let k = row + 1; k < width; k += 1) sum -= matrix[k * width + row]! * solution[k]!;
    solution[row] = sum / matrix[row * width + row]!;
  }
  return solution;
}
