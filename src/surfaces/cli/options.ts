/** Options whose values are checked before anything is sent, so that help and refusal name them. */
import { InvalidArgumentError, Option } from 'commander';

/** One of a closed list; shown in the help and suggested on a mistake. */
export function choiceOption(
  flags: string,
  description: string,
  values: readonly string[],
  defaultValue?: string,
): Option {
  const option = new Option(flags, description).choices(values);
  return defaultValue === undefined ? option : option.default(defaultValue);
}

/** A whole number within bounds. */
export function countOption(
  flags: string,
  description: string,
  { min, max, defaultValue }: { min: number; max: number; defaultValue?: number },
): Option {
  const option = new Option(flags, `${description}, ${min} to ${max}`).argParser((text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  });
  return defaultValue === undefined ? option : option.default(defaultValue);
}
