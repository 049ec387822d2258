/** Mantine in our clothes: components take their colours from the tokens in styles/tokens.css. */
import {
  createTheme,
  localStorageColorSchemeManager,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core';

const thread: MantineColorsTuple = [
  '#eef1fd',
  '#dde3fa',
  '#bcc8f5',
  '#98abf0',
  '#7b92ea',
  '#5f7ae4',
  '#4c68de',
  '#3d56d6',
  '#3348b8',
  '#2a3b97',
];

/** Cool greys for dark: text first, the page last, as Mantine orders them. */
const dark: MantineColorsTuple = [
  '#e7e9ed',
  '#b9bfca',
  '#8d95a3',
  '#67707e',
  '#333a45',
  '#262c35',
  '#171b21',
  '#13161b',
  '#0f1216',
  '#0d0f13',
];

export const theme = createTheme({
  primaryColor: 'thread',
  primaryShade: { light: 7, dark: 6 },
  colors: { thread, dark },
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'SF Mono', 'JetBrains Mono', 'Cascadia Code', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.4' },
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '14px' },
  defaultRadius: 'sm',
  spacing: { xs: '6px', sm: '10px', md: '14px', lg: '20px', xl: '28px' },
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' } },
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    Textarea: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', checkIconPosition: 'right' } },
    MultiSelect: { defaultProps: { size: 'xs' } },
    NumberInput: { defaultProps: { size: 'xs' } },
    TagsInput: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: false, multiline: true } },
    Modal: {
      defaultProps: {
        overlayProps: { backgroundOpacity: 0.35 },
        centered: true,
        closeButtonProps: { 'aria-label': 'Close' },
        padding: 'lg',
        transitionProps: { duration: 120 },
      },
    },
    Drawer: {
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close' },
        overlayProps: { backgroundOpacity: 0.25 },
        padding: 'lg',
        transitionProps: { duration: 140 },
      },
    },
  },
});

/** Given for both schemes: Mantine's own values are written per scheme and would win otherwise. */
const VARIABLES = {
  '--mantine-color-body': 'var(--page)',
  '--mantine-color-text': 'var(--text)',
  '--mantine-color-dimmed': 'var(--text-quiet)',
  '--mantine-color-placeholder': 'var(--text-quiet)',
  '--mantine-color-default': 'var(--panel)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-default-color': 'var(--text)',
  '--mantine-color-default-border': 'var(--line-strong)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-error': 'var(--bad)',
};

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: VARIABLES,
  dark: VARIABLES,
});

export const colorSchemeManager = localStorageColorSchemeManager({ key: 'loom-color-scheme' });
