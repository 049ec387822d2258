/** Support for tests: databases, time, waiting, and real repositories. Never imported by the product. */
export { testClock, type TestClock } from './clock.ts';
export { testDatabase, type TestDatabase } from './database.ts';
export { generatedCases } from './generated-cases.ts';
export {
  type TestCommit,
  type TestPerson,
  testRepository,
  type TestRepository,
} from './repository.ts';
export { waitFor } from './wait-for.ts';
