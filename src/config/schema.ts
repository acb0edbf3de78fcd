/** The configuration's one truth (being written). */
export interface Config { readonly placeholder: true }
