using System.Text.Json;

namespace NetHook.Interpretability;

/// <summary>Settings of a <c>config.json</c> that do not change what a model computes from ids in evaluation mode.</summary>
internal static class InertSettings
{
    private static readonly HashSet<string> Names = [.. string.Join(' ',
        // Where the file comes from, and who reads it.
        "architectures model_type transformers_version _name_or_path auto_map tokenizer_class prefix finetuning_task task_specific_params",
        "transformers.js_config unsloth_version unsloth_fixed _commit_hash",
        // The type of the weights, which the caller chooses, and how the reference implementation computes.
        "torch_dtype dtype use_bfloat16 use_cache cache_implementation attn_implementation _attn_implementation _attn_implementation_autoset",
        "_attn_implementation_internal gradient_checkpointing pretraining_tp chunk_size_feed_forward torchscript tf_legacy_loss tp_plan",
        // Tokens, which the tokenizer knows.
        "bos_token_id eos_token_id pad_token_id sep_token_id cls_token_id unk_token_id mask_token_id decoder_start_token_id n_ctx",
        // Training.
        "initializer_range init_std initializer_cutoff_factor attention_dropout activation_dropout hidden_dropout classifier_dropout embed_dropout resid_dropout dropout",
        "attn_pdrop embd_pdrop resid_pdrop layerdrop attention_probs_dropout_prob hidden_dropout_prob",
        // Heads for other tasks, and what the reference implementation returns.
        "summary_type summary_use_proj summary_activation summary_proj_to_labels summary_first_dropout num_labels id2label label2id problem_type",
        "output_attentions output_hidden_states return_dict output_scores return_dict_in_generate is_decoder",
        // Generation.
        "max_length min_length max_new_tokens do_sample early_stopping num_beams num_beam_groups diversity_penalty temperature top_k top_p typical_p",
        "repetition_penalty length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size bad_words_ids num_return_sequences remove_invalid_values",
        "exponential_decay_length_penalty suppress_tokens begin_suppress_tokens forced_bos_token_id forced_eos_token_id").Split(' ')];

    // These matter, but not at the value that says "no".
    private static readonly HashSet<string> No =
        ["is_encoder_decoder", "add_cross_attention", "tie_encoder_decoder", "cross_attention_hidden_size", "pruned_heads", "use_bidirectional_attention", "quantization_config"];

    public static bool Has(string name, JsonElement value) => Names.Contains(name) || (No.Contains(name) && IsNo(value));

    /// <summary>The other settings of a file, by name, in order.</summary>
    public static SortedDictionary<string, string> Without(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new(
            document.RootElement.EnumerateObject().Where(property => !Has(property.Name, property.Value)).ToDictionary(property => property.Name, property => property.Value.GetRawText()),
            StringComparer.Ordinal);
    }

    private static bool IsNo(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.False or JsonValueKind.Null => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
