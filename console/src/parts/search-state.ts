/** Filters live in the address, so that a view can be shared and the back button works. */
import { useNavigate, useSearch } from '@tanstack/react-router';

export function useSearchState<Names extends string>(
  defaults: Record<Names, string>,
): [Record<Names, string>, (change: Partial<Record<Names, string>>) => void] {
  const search = useSearch({ strict: false }) as Record<string, string>;
  const navigate = useNavigate();

  const values = { ...defaults };
  for (const name of Object.keys(defaults) as Names[]) {
    const value = search[name];
    if (value !== undefined) values[name] = value;
  }

  const change = (next: Partial<Record<Names, string>>) => {
    const merged: Record<string, string> = { ...search };
    for (const [name, value] of Object.entries(next) as [Names, string][]) {
      if (value === defaults[name]) delete merged[name];
      else merged[name] = value as string;
    }
    void navigate({ to: '.', search: merged as never, replace: true, resetScroll: false });
  };

  return [values, change];
}
