import './styles/tokens.css'
import './styles/base.css'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Refusal } from './api/client'
import { firstLocale, LanguageProvider, load } from './i18n'
import { makeRouter } from './router'
import { apply, theme } from './theme'

apply(theme())

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What was refused is refused again; what was not answered may be.
      retry: (failures, error) => !(error instanceof Refusal && error.status < 500) && failures < 2,
      refetchOnWindowFocus: true,
    },
    mutations: { retry: false },
  },
})

const router = makeRouter()
const locale = firstLocale()
document.documentElement.lang = locale
const root = document.getElementById('root')

void load(locale).then((messages) => {
  if (!root) return
  createRoot(root).render(
    <StrictMode>
      <LanguageProvider locale={locale} messages={messages}>
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </LanguageProvider>
    </StrictMode>,
  )
})
