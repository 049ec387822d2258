/** Changes by week; a bar opens its week. The same weeks are buttons for the keyboard. */
import { BarChart } from '@mantine/charts';
import '@mantine/charts/styles.css';
import type { XrayReport } from '../../api/types.ts';
import { plural } from '../../parts/format.ts';

type Week = XrayReport['changesOverTime'][number];

export default function WeekChart({
  weeks,
  onWeek,
}: {
  weeks: Week[];
  onWeek: (week: string) => void;
}) {
  const data = weeks.map((week) => ({
    week: week.week,
    label: new Date(week.week).toLocaleDateString('en', { month: 'short', day: 'numeric' }),
    'With an agent': week.aiChanges,
    Others: week.changes - week.aiChanges,
  }));
  const open = (index: number | null | undefined) => {
    const week = weeks[Number(index)];
    if (week !== undefined) onWeek(week.week);
  };

  return (
    <figure>
      <div aria-hidden="true">
        <BarChart
          h={210}
          data={data}
          dataKey="label"
          type="stacked"
          maxBarWidth={46}
          series={[
            { name: 'With an agent', color: 'var(--chart-strong)' },
            { name: 'Others', color: 'var(--chart-soft)' },
          ]}
          tickLine="none"
          gridAxis="x"
          strokeDasharray="2 4"
          withLegend
          legendProps={{ verticalAlign: 'top', height: 30 }}
          xAxisProps={{ tickMargin: 8 }}
          yAxisProps={{ width: 34, allowDecimals: false }}
          tooltipAnimationDuration={0}
          barProps={{ isAnimationActive: false, tabIndex: -1 }}
          barChartProps={{
            accessibilityLayer: false,
            style: { cursor: 'pointer' },
            onClick: (state) => open(state.activeTooltipIndex as unknown as number | null),
          }}
        />
      </div>
      <ul className="week-buttons" aria-label="Weeks">
        {weeks.map((week) => (
          <li key={week.week}>
            <button type="button" className="week-button" onClick={() => onWeek(week.week)}>
              Week of{' '}
              {new Date(week.week).toLocaleDateString('en', { month: 'long', day: 'numeric' })}:{' '}
              {plural(week.changes, 'change')}, {week.aiChanges} with an agent, +{week.addedLines} −
              {week.deletedLines} lines
            </button>
          </li>
        ))}
      </ul>
    </figure>
  );
}
