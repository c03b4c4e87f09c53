import {
  count,
  look,
  table,
  type Arguments,
  type FunctionKind,
  type FunctionTable,
} from './table.js'

/**
 * SQLite's date functions read the clock when they have no moment, or one that says now. A moment from a column is taken for a
 * moment: a table that keeps the text 'now' in a date column is not foreseen.
 */
function dates(least: number): (call: Arguments) => FunctionKind {
  return (call) => {
    if (count(call) < least) return 'time'
    let kind: FunctionKind = 'pure'
    for (let i = call.from; i < call.to; i++) {
      const token = call.tokens[i]
      // `"now"` is a string where no column has that name.
      if (token?.kind === 'string' || token?.kind === 'quoted') {
        const word = token.name.trim().toLowerCase()
        if (word === 'now' || word.startsWith('subsec')) return 'time'
        if (word === 'localtime' || word === 'utc') kind = 'settings'
      } else if (token?.kind === 'param' && kind === 'pure') kind = 'moments'
    }
    return kind
  }
}

const SQLITE: FunctionTable = table(
  {
    pure: `abs char coalesce concat concat_ws format glob hex if ifnull iif instr length like likelihood likely lower ltrim
      max min nullif octet_length printf quote replace round rtrim sign soundex substr substring trim typeof unhex unicode
      unistr unistr_quote unlikely upper zeroblob subtype
      avg count group_concat string_agg sum total median percentile percentile_cont percentile_disc
      row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
      acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power
      radians sin sinh sqrt tan tanh trunc
      json jsonb json_array jsonb_array json_array_length json_array_insert jsonb_array_insert json_error_position json_extract
      jsonb_extract json_insert jsonb_insert json_object jsonb_object json_patch jsonb_patch json_pretty json_quote
      json_remove jsonb_remove json_replace jsonb_replace json_set jsonb_set json_type json_valid json_group_array
      jsonb_group_array json_group_object jsonb_group_object json_each json_tree jsonb_each jsonb_tree generate_series
      bm25 highlight snippet offsets matchinfo match rtreecheck rtreedepth rtreenode cast`,
    time: `current_date current_time current_timestamp`,
    volatile: `random randomblob`,
    session: `changes total_changes last_insert_rowid sqlite_compileoption_get sqlite_compileoption_used sqlite_source_id
      sqlite_version sqlite_offset`,
    catalogue: `pragma_table_info pragma_table_xinfo pragma_table_list pragma_index_list pragma_index_info pragma_index_xinfo
      pragma_foreign_key_list pragma_database_list pragma_function_list pragma_module_list pragma_pragma_list
      pragma_collation_list pragma_compile_options pragma_user_version pragma_data_version pragma_page_count pragma_page_size`,
  },
  {
    'date time datetime julianday unixepoch': dates(1),
    strftime: dates(2),
    timediff: dates(2),
  },
)

export function sqliteFunction(name: string, call: Arguments): FunctionKind {
  return look(SQLITE, name, call)
}

/** A function in FROM that is no table of the application's. */
export function isTableFunction(name: string): boolean {
  return /^jsonb?_(?:each|tree)$|^generate_series$|^pragma_/.test(name)
}

/** The names known, for the test that holds them against a real database. */
export const SQLITE_FUNCTIONS: FunctionTable = SQLITE
