/** People, tokens and the state of the system. */
import { PageHeader } from '../../parts/layout.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { Tabs } from '../../parts/tabs.tsx';
import { Absences } from './absences.tsx';
import { People } from './people.tsx';
import { System } from './system.tsx';
import { Tokens } from './tokens.tsx';

export function SettingsPage() {
  const [state, setState] = useSearchState({ tab: 'people', create: '' });
  return (
    <>
      <PageHeader
        title="Settings"
        description="Who may do what, with which keys, and how the system is."
      />
      <Tabs
        label="Settings"
        value={state.tab}
        onChange={(tab) => setState({ tab, create: '' })}
        tabs={[
          { value: 'people', label: 'People', content: () => <People /> },
          { value: 'absences', label: 'Absences', content: () => <Absences /> },
          {
            value: 'tokens',
            label: 'Tokens',
            content: () => (
              <Tokens
                isCreating={state.create !== ''}
                onCreate={(isOpen) => setState({ create: isOpen ? 'yes' : '' })}
              />
            ),
          },
          { value: 'system', label: 'System', content: () => <System /> },
        ]}
      />
    </>
  );
}
