/** Light, dark, or as the system has it; remembered in this browser. */
import { useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { useId } from 'react';
import { Icon, type IconName } from '../parts/icon.tsx';

const CHOICES: { value: MantineColorScheme; label: string; icon: IconName }[] = [
  { value: 'light', label: 'Light', icon: 'sun' },
  { value: 'dark', label: 'Dark', icon: 'moon' },
  { value: 'auto', label: 'As the system', icon: 'auto' },
];

export function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const id = useId();
  return (
    <div className="scheme" role="radiogroup" aria-label="Colour scheme">
      {CHOICES.map(({ value, label, icon }) => (
        <span key={value} style={{ display: 'contents' }}>
          <input
            type="radio"
            className="visually-hidden"
            id={`${id}-${value}`}
            name={id}
            checked={colorScheme === value}
            onChange={() => setColorScheme(value)}
          />
          <label htmlFor={`${id}-${value}`} title={label}>
            <Icon name={icon} size={14} />
            <span className="visually-hidden">{label}</span>
          </label>
        </span>
      ))}
    </div>
  );
}
