import {
  count,
  look,
  single,
  table,
  type Arguments,
  type FunctionKind,
  type FunctionTable,
} from './table.js'

const least =
  (arguments_: number, otherwise: FunctionKind) =>
  (call: Arguments): FunctionKind =>
    count(call) >= arguments_ ? 'pure' : otherwise

/** The fields of EXTRACT and DATE_PART that no time zone moves. */
function dateField(call: Arguments): FunctionKind {
  const first = call.tokens[call.from]
  const epoch = first !== undefined && first.name.toLowerCase() === 'epoch'
  return epoch ? 'pure' : 'settings'
}

/** A type whose name is used as a function: of a constant it depends on nothing. */
function fromConstant(call: Arguments): FunctionKind {
  const only = single(call, 0)
  return only?.kind === 'string' || only?.kind === 'param' ? 'pure' : 'settings'
}

/**
 * Functions whose every variant is IMMUTABLE in `pg_proc`; and, from STABLE on, those that are STABLE only because they turn
 * values into text the way the session would show them anyway (`concat`, `json_agg`), which a test lists one by one.
 */
const POSTGRES: FunctionTable = table(
  {
    pure: `abs acos acosd acosh asin asind asinh atan atan2 atan2d atand atanh cbrt ceil ceiling cos cosd cosh cot cotd degrees div
      exp factorial floor gcd lcm ln log log10 min_scale mod pi power pow radians round scale sign sin sind sinh sqrt tan tand
      tanh trim_scale trunc width_bucket numeric int2 int4 int8 float4 float8 bool text varchar bpchar
      greatest least coalesce nullif num_nulls num_nonnulls grouping
      ascii bit_count bit_length btrim char_length character_length chr convert convert_from convert_to decode encode get_bit
      get_byte initcap is_normalized left length lower lpad ltrim md5 normalize octet_length overlay parse_ident position
      quote_ident quote_literal quote_nullable regexp_count regexp_instr regexp_like regexp_match regexp_matches
      regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim set_bit
      set_byte sha224 sha256 sha384 sha512 split_part starts_with string_to_array string_to_table strpos substr substring
      to_ascii to_hex translate trim unistr upper xml_is_well_formed_content xml_is_well_formed_document
      casefold to_bin to_oct crc32 crc32c
      isfinite justify_days justify_hours justify_interval make_date make_interval make_time make_timestamp date_bin
      array_agg array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
      array_positions array_prepend array_remove array_replace array_upper cardinality trim_array unnest generate_subscripts
      array_sort array_reverse array_to_tsvector
      avg bit_and bit_or bit_xor bool_and bool_or count every max min range_agg range_intersect_agg string_agg sum corr
      covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
      stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont percentile_disc any_value
      rank dense_rank percent_rank cume_dist row_number ntile lag lead first_value last_value nth_value
      json_array_elements json_array_elements_text json_array_length json_each json_each_text json_extract_path
      json_extract_path_text json_object json_object_keys json_strip_nulls json_typeof jsonb_array_elements
      jsonb_array_elements_text jsonb_array_length jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text
      jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query jsonb_path_query_array
      jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls jsonb_typeof
      like notlike jsonb_concat jsonb_delete jsonb_delete_path jsonb_contains jsonb_contained jsonb_exists jsonb_exists_any jsonb_exists_all
      json_array json_exists json_value json_query json_scalar json_serialize json_table jsonb_object_agg
      area center diameter height width radius npoints pclose popen slope isclosed isopen bound_box point circle polygon box
      path lseg line
      abbrev broadcast family host hostmask inet_merge inet_same_family macaddr8_set7bit masklen netmask network set_masklen
      isempty lower_inc lower_inf upper_inc upper_inf range_merge multirange int4range int8range numrange tsrange daterange
      tstzrange int4multirange int8multirange nummultirange tsmultirange datemultirange tstzmultirange
      numnode querytree setweight strip ts_delete ts_filter ts_rank ts_rank_cd tsquery_phrase tsvector_to_array
      similar_to_escape similar_escape like_escape
      xmlagg xmlcomment xmlconcat xmlelement xmlforest xmlpi xmlexists xpath xpath_exists xmltable
      enum_first enum_last enum_range uuid_extract_timestamp uuid_extract_version
      pg_typeof pg_size_pretty pg_size_bytes pg_lsn
      array_to_json array_to_string concat concat_ws format json_agg json_build_array json_build_object json_object_agg
      jsonb_agg jsonb_build_array jsonb_build_object row_to_json to_json to_jsonb json_arrayagg json_objectagg
      jsonb_agg_strict json_agg_strict cast treat`,
    settings: `to_char to_date make_timestamptz timestamptz timetz timezone
      jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_tz jsonb_path_query_array_tz
      jsonb_path_query_first_tz json_populate_record json_populate_recordset jsonb_populate_record jsonb_populate_recordset
      json_to_record json_to_recordset jsonb_to_record jsonb_to_recordset date_add date_subtract overlaps
      get_current_ts_config to_number money xml xmlparse xmlserialize xmlroot xml_is_well_formed`,
    time: `now clock_timestamp statement_timestamp transaction_timestamp timeofday current_date current_time current_timestamp
      localtime localtimestamp`,
    volatile: `random gen_random_uuid uuidv4 uuidv7 random_normal pg_sleep pg_sleep_for pg_sleep_until merge_action pg_column_size
      pg_table_size pg_relation_size pg_total_relation_size pg_indexes_size pg_database_size pg_tablespace_size
      pg_xact_commit_timestamp pg_last_committed_xact txid_current txid_current_if_assigned txid_current_snapshot txid_status
      pg_current_xact_id pg_current_xact_id_if_assigned pg_current_snapshot pg_xact_status txid_snapshot_xmin
      txid_snapshot_xmax txid_snapshot_xip txid_visible_in_snapshot pg_snapshot_xmin pg_snapshot_xmax pg_snapshot_xip
      pg_visible_in_snapshot pg_current_wal_lsn pg_current_wal_insert_lsn pg_current_wal_flush_lsn pg_last_wal_receive_lsn
      pg_last_wal_replay_lsn pg_last_xact_replay_timestamp pg_is_in_recovery pg_is_wal_replay_paused pg_wal_lsn_diff
      pg_walfile_name pg_stat_get_activity pg_stat_file pg_ls_dir pg_read_file pg_read_binary_file pg_ls_logdir pg_ls_waldir
      pg_sequence_last_value pg_postmaster_start_time pg_conf_load_time pg_blocking_pids pg_safe_snapshot_blocking_pids
      pg_lock_status pg_timezone_names pg_timezone_abbrevs pg_notification_queue_usage lo_get loread`,
    session: `current_setting current_user current_role session_user user current_catalog current_schema current_schemas
      current_database current_query system_user version inet_client_addr inet_client_port inet_server_addr inet_server_port
      pg_backend_pid pg_my_temp_schema pg_is_other_temp_schema pg_listening_channels pg_trigger_depth pg_client_encoding
      getdatabaseencoding lastval currval row_security_active pg_jit_available pg_postmaster has_table_privilege
      has_column_privilege has_any_column_privilege has_database_privilege has_schema_privilege has_function_privilege
      has_sequence_privilege has_type_privilege has_language_privilege has_server_privilege has_tablespace_privilege
      has_foreign_data_wrapper_privilege pg_has_role`,
    tells: `pg_notify`,
    sets: `set_config setseed`,
    writes: `nextval setval`,
    lock: `pg_advisory_lock pg_advisory_lock_shared pg_advisory_unlock pg_advisory_unlock_all pg_advisory_unlock_shared
      pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
      pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared`,
    catalogue: `obj_description col_description shobj_description format_type pg_get_constraintdef pg_get_expr pg_get_functiondef
      pg_get_function_arguments pg_get_function_identity_arguments pg_get_function_result pg_get_indexdef pg_get_ruledef
      pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_get_partkeydef pg_get_partition_constraintdef
      pg_get_keywords pg_get_statisticsobjdef pg_table_is_visible pg_type_is_visible pg_function_is_visible pg_describe_object
      pg_identify_object pg_relation_filenode pg_relation_filepath pg_partition_tree pg_partition_root pg_partition_ancestors
      pg_encoding_to_char pg_char_to_encoding pg_tablespace_location pg_collation_for pg_column_compression
      pg_relation_is_updatable pg_column_is_updatable to_regclass to_regproc to_regprocedure to_regoper to_regoperator to_regtype
      to_regrole to_regnamespace to_regcollation mxid_age pg_available_extensions pg_available_extension_versions pg_config
      pg_show_all_settings pg_options_to_table pg_index_column_has_property pg_index_has_property pg_indexam_has_property`,
  },
  {
    extract: dateField,
    date_part: dateField,
    // With a zone as third argument the session's is not asked.
    date_trunc: least(3, 'settings'),
    generate_series: generateSeries,
    'date time timestamp': fromConstant,
    // Seconds since 1970, or a text read in the session's zone.
    to_timestamp: (call) => (count(call) === 1 ? 'pure' : 'settings'),
    // Of one moment it is the time since then.
    age: least(2, 'time'),
    to_tsvector: least(2, 'settings'),
    to_tsquery: least(2, 'settings'),
    plainto_tsquery: least(2, 'settings'),
    phraseto_tsquery: least(2, 'settings'),
    websearch_to_tsquery: least(2, 'settings'),
    ts_headline: least(4, 'settings'),
    json_to_tsvector: least(3, 'settings'),
    jsonb_to_tsvector: least(3, 'settings'),
  },
)

/** With two arguments these are numbers; with three, moments, unless one is a number: adding a day depends on the zone. */
function generateSeries(call: Arguments): FunctionKind {
  if (count(call) === 2) return 'pure'
  return [0, 1, 2].some((i) => single(call, i)?.kind === 'number') ? 'pure' : 'settings'
}

export function postgresFunction(name: string, call: Arguments): FunctionKind {
  return look(POSTGRES, name, call)
}

/** The names known, for the test that holds them against a real server. */
export const POSTGRES_FUNCTIONS: FunctionTable = POSTGRES
