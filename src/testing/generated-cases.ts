/**
 * How many generated cases a property of the database is tried on. On a server named by DATABASE_URL a
 * fifth of them: there the same suites only have to show that another release says the same.
 */
export function generatedCases(count: number): number {
  return process.env['DATABASE_URL'] === undefined ? count : Math.ceil(count / 5);
}
