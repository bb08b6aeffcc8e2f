/** Small pictures, drawn with the colour of the text around them. */
import css from './ui.module.css'

const PATHS = {
  clusters: 'M8 2v3M5.500 9.500 3 12m7.500-2.500L13 12M8 5.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5z',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  cross: 'm4 4 8 8m0-8-8 8',
  down: 'm4 6 4 4 4-4',
  right: 'm6 4 4 4-4 4',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  link: 'M6.500 9.500 9.500 6.500M7 4.500l1.500-1.500a3.100 3.100 0 0 1 4.500 4.500L11.500 9M4.500 7 3 8.500A3.100 3.100 0 0 0 7.500 13L9 11.500',
  document: 'M4 2h5l3 3v9H4zM9 2v3h3',
  user: 'M8 8a2.750 2.750 0 1 0 0-5.500A2.750 2.750 0 0 0 8 8zM3 14c.5-2.700 2.500-4 5-4s4.500 1.300 5 4',
  search: 'M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zm3.300-1.200L14 14',
  stop: 'M4 4h8v8H4z',
  play: 'M5 3.500v9l7-4.500z',
  fit: 'M2 8h12M4.500 5.500 2 8l2.500 2.500m7-5L14 8l-2.500 2.500',
  key: 'M10.500 9a3 3 0 1 0-2.800-2L2.500 12.200V14H5v-1.500h1.500V11h1.200l1-1',
} as const

export type IconName = keyof typeof PATHS

export function Icon(props: { name: IconName }) {
  return (
    <svg className={css.icon} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  )
}
