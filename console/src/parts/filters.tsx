/** The row of controls above a list. */
import { SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { queries } from '../api/queries.ts';
import { Icon } from './icon.tsx';

export function Filters({ children }: { children: ReactNode }) {
  return (
    <div className="filters" role="search" aria-label="Filters">
      {children}
    </div>
  );
}

export function SearchFilter({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <TextInput
      className="filters-search"
      aria-label={label}
      placeholder={label}
      data-page-search
      leftSection={<Icon name="search" size={14} />}
      rightSection={<kbd className="key hide-phone">/</kbd>}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur();
      }}
    />
  );
}

export function StateFilter({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: { value: string; label: string }[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <div style={{ maxWidth: '100%', overflowX: 'auto' }}>
      <SegmentedControl aria-label={label} data={options} value={value} onChange={onChange} />
    </div>
  );
}

export function RepositoryFilter({
  value,
  onChange,
}: {
  value: string;
  onChange: (value: string) => void;
}) {
  const repositories = useQuery(queries.repositories());
  const names = (repositories.data?.items ?? []).map(({ name }) => name);
  if (value !== '' && !names.includes(value)) names.push(value);
  return (
    <Select
      aria-label="Repository"
      placeholder="All repositories"
      data={names}
      value={value === '' ? null : value}
      onChange={(name) => onChange(name ?? '')}
      clearable
      searchable={names.length > 8}
      w={190}
    />
  );
}
