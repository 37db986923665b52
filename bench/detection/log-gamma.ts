/** ln Γ(x) for x > 0: Stirling's series from 7 up, reached by the recursion. Relative error under 1e-11. */
export function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  if (at < 7) {
    let product = 1;
    while (at < 7) product *= at++;
    shift = -Math.log(product);
  }
  const inverse = 1 / at;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return shift + (at - 0.5) * Math.log(at) - at + HALF_LOG_TWO_PI + series;
}

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);
