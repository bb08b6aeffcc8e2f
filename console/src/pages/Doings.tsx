/** What can be done with a row that is switched on and off, and deleted. */
import { useMessages } from '../i18n'
import { Button } from '../ui/controls'
import css from './pages.module.css'

interface DoingsProps {
  /** Whose row it is, for those who hear the buttons. */
  of: string
  isOn: boolean
  isBusy: boolean
  onToggle: () => void
  onRemove: () => void
}

export function Doings(props: DoingsProps) {
  const say = useMessages().access
  const toggle = props.isOn ? say.disable : say.enable
  return (
    <span className={css.buttons}>
      <Button small aria-label={say.of(toggle, props.of)} isPending={props.isBusy} onPress={props.onToggle}>
        {toggle}
      </Button>
      <Button small kind="danger" aria-label={say.of(say.remove, props.of)} onPress={props.onRemove}>
        {say.remove}
      </Button>
    </span>
  )
}
