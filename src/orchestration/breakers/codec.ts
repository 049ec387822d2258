/** The breaker's memory as a short text: lists of numbers are packed, the rest is JSON. Pure. */
import { type BreakerState, emptyState, type RecentStep } from './state.ts';

type Packed = Omit<BreakerState, 'recent' | 'seenCalls' | 'seenAnswers'> & {
  recent: string;
  seenCalls: string;
  seenAnswers: string;
};

export function encodeState(state: BreakerState): string {
  const packed: Packed = {
    ...state,
    recent: pack(state.recent.flatMap(({ at, call, result, flags }) => [at, call, result, flags])),
    seenCalls: pack(state.seenCalls),
    seenAnswers: pack(state.seenAnswers),
  };
  return JSON.stringify(packed);
}

/** What another release wrote is not guessed at: the session starts with an empty memory. */
export function decodeState(text: string): BreakerState {
  const packed = JSON.parse(text) as Partial<Packed>;
  if (packed.version !== 1) return emptyState();
  const whole = packed as Packed;
  const numbers = unpack(whole.recent);
  const recent: RecentStep[] = [];
  for (let index = 0; index + 3 < numbers.length; index += 4) {
    const [at, call, result, flags] = numbers.slice(index, index + 4);
    recent.push({ at: at!, call: call!, result: result!, flags: flags! });
  }
  return {
    ...whole,
    recent,
    seenCalls: unpack(whole.seenCalls),
    seenAnswers: unpack(whole.seenAnswers),
  };
}

/** Whole numbers from 0 to 2^32 - 1, four bytes each. */
function pack(numbers: readonly number[]): string {
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((number, index) => bytes.writeUInt32LE(number, index * 4));
  return bytes.toString('base64');
}

function unpack(text: string): number[] {
  const bytes = Buffer.from(text, 'base64');
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readUInt32LE(index * 4));
}
