/** Which language the reader has, and what is said in it. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react'
import { I18nProvider } from 'react-aria-components'
import { wanted } from '../api/files'
import { en, type Messages } from './en'

export const LOCALES = { 'en-US': 'English', 'zh-CN': '中文' } as const
export type Locale = keyof typeof LOCALES

const KEY = 'clusterwright.language'

interface Language {
  locale: Locale
  messages: Messages
  change: (locale: Locale) => void
}

const Context = createContext<Language>({ locale: 'en-US', messages: en, change: () => undefined })

function match(wanted: string | null): Locale | null {
  if (!wanted) return null
  return wanted.toLowerCase().startsWith('zh') ? 'zh-CN' : wanted.toLowerCase().startsWith('en') ? 'en-US' : null
}

/** The language of the address, else the one chosen before, else the browser's. */
export function firstLocale(): Locale {
  const asked = new URLSearchParams(location.search).get('hl')
  const candidates = [asked, localStorage.getItem(KEY), ...navigator.languages]
  for (const each of candidates) {
    const found = match(each)
    if (found) return found
  }
  return 'en-US'
}

/** The messages of a language; Chinese is fetched when it is wanted. */
export async function load(locale: Locale): Promise<Messages> {
  return locale === 'zh-CN' ? (await wanted(() => import('./zh'))).zh : en
}

export function LanguageProvider(props: { locale: Locale; messages: Messages; children: ReactNode }) {
  const [state, setState] = useState({ locale: props.locale, messages: props.messages })
  const change = useCallback((locale: Locale) => {
    localStorage.setItem(KEY, locale)
    void load(locale).then((messages) => setState({ locale, messages }))
  }, [])
  useEffect(() => {
    document.documentElement.lang = state.locale
  }, [state.locale])
  const value = useMemo(() => ({ ...state, change }), [state, change])
  return (
    <Context value={value}>
      <I18nProvider locale={state.locale}>{props.children}</I18nProvider>
    </Context>
  )
}

export function useLanguage(): Language {
  return useContext(Context)
}

export function useMessages(): Messages {
  return useContext(Context).messages
}
