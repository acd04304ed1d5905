"""Wrong solutions of question 11: the encoder-decoder. Each cell is appended to the reference notebook."""
# ruff: noqa: E501 - a header is one line


# %%
class _Encoder(_right["EncoderLayer"]):
    """The right encoder layer; the mutants replace what they are about."""


class _Decoder(_right["DecoderLayer"]):
    """The right decoder layer; the mutants replace what they are about."""


class _Transformer(_right["Seq2SeqTransformer"]):
    """The right transformer, with the choices of greedy decoding as methods."""

    def choose(self, logits):
        return logits[:, -1].argmax(-1)

    def after(self, token, finished, eos):
        return token.masked_fill(finished, self.pad_id)

    def greedy_decode(self, src, bos, eos, max_new):
        with torch.no_grad():
            memory, mask = self.encode(src), padding_mask(src, self.pad_id)
            written = torch.full((len(src), 1), bos, dtype=torch.long, device=src.device)
            finished = torch.zeros(len(src), dtype=torch.bool, device=src.device)
            for _ in range(max_new):
                token = self.after(self.choose(self.decode(written, memory, mask)), finished, eos)
                written = torch.cat([written, token[:, None]], dim=1)
                finished = finished | (token == eos)
                if finished.all():
                    break
            return written


# %% post_norm | fails: test_layers_are_pre_norm_with_residual_paths | hint: Post-norm: the norm stands behind the addition. Here it stands before the sublayer, and the residual path is free.
class EncoderLayer(_Encoder):
    def forward(self, x, mask=None):
        x = self.norm1(x + self.attention(x, mask=mask))
        return self.norm2(x + self.feed_forward(x))


class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = self.norm1(x + self.self_attention(x, mask=self_mask))
        x = self.norm2(x + self.cross_attention(x, memory, memory_mask))
        return self.norm3(x + self.feed_forward(x))


# %% post_norm_in_the_decoder | fails: test_layers_are_pre_norm_with_residual_paths | hint: The decoder layer is post-norm: the norm belongs before the sublayer, in both kinds of layer.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = self.norm1(x + self.self_attention(x, mask=self_mask))
        x = self.norm2(x + self.cross_attention(x, memory, memory_mask))
        return self.norm3(x + self.feed_forward(x))


# %% residual_from_the_norm | fails: test_layers_are_pre_norm_with_residual_paths | hint: The residual path starts behind the norm: x + f(norm(x)), not norm(x) + f(norm(x)).
class EncoderLayer(_Encoder):
    def forward(self, x, mask=None):
        x = self.norm1(x)
        x = x + self.attention(x, mask=mask)
        x = self.norm2(x)
        return x + self.feed_forward(x)


# %% no_residual_around_attention | fails: test_layers_are_pre_norm_with_residual_paths | hint: The residual connection around the attention is missing.
class EncoderLayer(_Encoder):
    def forward(self, x, mask=None):
        x = self.attention(self.norm1(x), mask=mask)
        return x + self.feed_forward(self.norm2(x))


# %% no_residual_around_feed_forward | fails: test_layers_are_pre_norm_with_residual_paths | hint: The residual connection around the feed-forward is missing.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = x + self.self_attention(self.norm1(x), mask=self_mask)
        x = x + self.cross_attention(self.norm2(x), memory, memory_mask)
        return self.feed_forward(self.norm3(x))


# %% no_residual_around_cross_attention | fails: test_layers_are_pre_norm_with_residual_paths | hint: The residual connection around the cross-attention is missing.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = x + self.self_attention(self.norm1(x), mask=self_mask)
        x = self.cross_attention(self.norm2(x), memory, memory_mask)
        return x + self.feed_forward(self.norm3(x))


# %% gelu | fails: test_layers_are_pre_norm_with_residual_paths | hint: The feed-forward uses GELU; here it is ReLU.
class EncoderLayer(_Encoder):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d_ff)
        self.feed_forward[1] = nn.GELU()


# %% no_activation | fails: test_layers_are_pre_norm_with_residual_paths | hint: Without ReLU between them the two linear maps of the feed-forward are one.
class DecoderLayer(_Decoder):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d_ff)
        self.feed_forward[1] = nn.Identity()


# %% dropout | fails: test_rows_are_independent_and_all_tokens_matter | hint: There is no dropout in this model: two calls give the same.
class EncoderLayer(_Encoder):
    def forward(self, x, mask=None):
        return F.dropout(super().forward(x, mask), 0.1, self.training)


# %% norms_shared_in_a_layer | fails: test_number_of_parameters_of_the_transformer | hint: Every sublayer has a layer norm of its own; here they share one.
class DecoderLayer(_Decoder):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d_ff)
        self.norm3 = self.norm2 = self.norm1


# %% one_attention_for_both | fails: test_number_of_parameters_of_the_transformer | hint: Self-attention and cross-attention are two modules; here one does both.
class DecoderLayer(_Decoder):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d_ff)
        self.cross_attention = self.self_attention


# %% narrow_feed_forward | fails: test_number_of_parameters_of_the_transformer | hint: The feed-forward is d_ff wide inside.
class EncoderLayer(_Encoder):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d)


# %% cross_attention_left_out | fails: test_every_parameter_of_the_transformer_gets_its_gradient, test_rows_are_independent_and_all_tokens_matter | hint: The decoder never looks at the memory: cross-attention is missing.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = x + self.self_attention(self.norm1(x), mask=self_mask)
        return x + self.feed_forward(self.norm3(x))


# %% queries_from_the_memory | fails: test_later_target_tokens_change_no_earlier_logits, test_layers_are_pre_norm_with_residual_paths | hint: In cross-attention the queries come from the target and keys and values from the memory, not the other way round.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        x = x + self.self_attention(self.norm1(x), mask=self_mask)
        crossed = self.cross_attention(memory, self.norm2(x))
        crossed = crossed.mean(1, keepdim=True).expand_as(x) if crossed.shape != x.shape else crossed
        x = x + crossed
        return x + self.feed_forward(self.norm3(x))


# %% memory_normalised_again | fails: test_layers_are_pre_norm_with_residual_paths | hint: The memory is normalised once, behind the last encoder layer; the decoder layer takes it as it is.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        return super().forward(x, self.norm2(memory), self_mask, memory_mask)


# %% memory_mask_dropped | fails: test_source_padding_changes_nothing, test_layers_are_pre_norm_with_residual_paths | hint: Cross-attention sees the padding of the source: its mask is not passed on.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        return super().forward(x, memory, self_mask, None)


# %% self_mask_dropped | fails: test_later_target_tokens_change_no_earlier_logits, test_layers_are_pre_norm_with_residual_paths | hint: The decoder's self-attention gets no mask: every place reads what it is to predict.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        return super().forward(x, memory, None, memory_mask)


# %% encoder_mask_dropped | fails: test_source_padding_changes_nothing, test_layers_are_pre_norm_with_residual_paths | hint: The encoder layer does not pass its mask on.
class EncoderLayer(_Encoder):
    def forward(self, x, mask=None):
        return super().forward(x, None)


# %% masks_swapped | fails: test_later_target_tokens_change_no_earlier_logits | hint: The causal mask belongs to self-attention, the mask of the source to cross-attention.
class DecoderLayer(_Decoder):
    def forward(self, x, memory, self_mask=None, memory_mask=None):
        if x.shape[1] == memory.shape[1]:  # elsewhere torch would raise
            return super().forward(x, memory, memory_mask, self_mask)
        return super().forward(x, memory, None, None)


# %% no_causal_mask | fails: test_later_target_tokens_change_no_earlier_logits | hint: Without a causal mask the decoder reads the answer; the training loss will be wonderful, and useless.
class Seq2SeqTransformer(_Transformer):
    def decode(self, tgt_in, memory, memory_mask):
        x = self.embed(self.tgt_embedding, tgt_in)
        for layer in self.decoder:
            x = layer(x, memory, None, memory_mask)
        return self.out(self.decoder_norm(x))


# %% causal_mask_one_too_far | fails: test_later_target_tokens_change_no_earlier_logits | hint: Every place sees the next token too: the mask is one diagonal too wide.
class Seq2SeqTransformer(_Transformer):
    def decode(self, tgt_in, memory, memory_mask):
        T = tgt_in.shape[1]
        x = self.embed(self.tgt_embedding, tgt_in)
        for layer in self.decoder:
            x = layer(x, memory, torch.ones(T, T, dtype=torch.bool, device=x.device).tril(1), memory_mask)
        return self.out(self.decoder_norm(x))


# %% no_source_mask | fails: test_source_padding_changes_nothing | hint: Padding of the source is a key like any other: a sentence then depends on how long its neighbours are.
class Seq2SeqTransformer(_Transformer):
    def encode(self, src):
        x = self.embed(self.src_embedding, src)
        for layer in self.encoder:
            x = layer(x)
        return self.encoder_norm(x)


# %% source_mask_only_in_the_encoder | fails: test_source_padding_changes_nothing | hint: The padding of the source must be masked in cross-attention as well.
class Seq2SeqTransformer(_Transformer):
    def decode(self, tgt_in, memory, memory_mask):
        return super().decode(tgt_in, memory, None)


# %% padding_masked_as_queries | fails: test_source_padding_changes_nothing | hint: Padding is masked along the queries; it is the keys that must not be seen.
class Seq2SeqTransformer(_Transformer):
    def encode(self, src):
        x, mask = self.embed(self.src_embedding, src), padding_mask(src, self.pad_id).transpose(2, 3)
        for layer in self.encoder:
            x = layer(x, mask)
        return self.encoder_norm(x)


# %% padding_is_token_zero | fails: test_source_padding_changes_nothing | hint: The padding token is pad_id, not always 0.
class Seq2SeqTransformer(_Transformer):
    def forward(self, src, tgt_in):
        kept, self.pad_id = self.pad_id, 0
        logits = super().forward(src, tgt_in)
        self.pad_id = kept
        return logits


# %% memory_mask_of_the_target | fails: test_source_padding_changes_nothing | hint: The mask of cross-attention is made of the source ids, not of the target ids.
class Seq2SeqTransformer(_Transformer):
    def forward(self, src, tgt_in):
        mask = padding_mask(tgt_in if tgt_in.shape == src.shape else src, self.pad_id)
        return self.decode(tgt_in, self.encode(src), mask)


# %% source_cut_behind_the_first_padding | fails: test_source_padding_changes_nothing | hint: Padding is masked by a length that all rows share.
class Seq2SeqTransformer(_Transformer):
    def forward(self, src, tgt_in):
        shortest = int((src != self.pad_id).sum(1).min().clamp(min=1))
        return super().forward(src[:, :shortest], tgt_in)


# %% encoder_left_out | fails: test_every_parameter_of_the_transformer_gets_its_gradient | hint: The decoder looks at the embeddings of the source, not at what the encoder made of them.
class Seq2SeqTransformer(_Transformer):
    def encode(self, src):
        return self.embed(self.src_embedding, src)


# %% memory_detached | fails: test_every_parameter_of_the_transformer_gets_its_gradient | hint: The memory is detached: the encoder never learns.
class Seq2SeqTransformer(_Transformer):
    def encode(self, src):
        return super().encode(src).detach()


# %% positions_detach_the_embedding | fails: test_every_parameter_of_the_transformer_gets_its_gradient | hint: The embeddings take part without a gradient: they never learn.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        return embedding(ids).detach() * self.scale + self.positions[: ids.shape[1]]


# %% final_norms_missing | fails: test_number_of_parameters_of_the_transformer | hint: In a pre-norm stack the residual path is never normalised: a norm is needed at the end of both.
class Seq2SeqTransformer(_Transformer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.encoder_norm, self.decoder_norm = nn.Identity(), nn.Identity()


# %% final_norm_made_but_not_used | fails: test_every_parameter_of_the_transformer_gets_its_gradient | hint: The last norm of the decoder is made and never used.
class Seq2SeqTransformer(_Transformer):
    def decode(self, tgt_in, memory, memory_mask):
        x, mask = self.embed(self.tgt_embedding, tgt_in), causal_mask(tgt_in.shape[1], tgt_in.device)
        for layer in self.decoder:
            x = layer(x, memory, mask, memory_mask)
        return self.out(x)


# %% memory_not_normalised | fails: test_every_parameter_of_the_transformer_gets_its_gradient | hint: The memory is what the last encoder layer says, behind a layer norm; that norm does nothing here.
class Seq2SeqTransformer(_Transformer):
    def encode(self, src):
        x = self.embed(self.src_embedding, src)
        for layer in self.encoder:
            x = layer(x, padding_mask(src, self.pad_id))
        return x + 0 * self.encoder_norm(x)


# %% embedding_not_scaled | fails: test_inputs_are_scaled_embeddings_plus_positions | hint: The embeddings are multiplied by sqrt(d) before the positions are added.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        return embedding(ids) + self.positions[: ids.shape[1]]


# %% embedding_scaled_by_d | fails: test_inputs_are_scaled_embeddings_plus_positions | hint: The embeddings are multiplied by sqrt(d), not by d.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        return embedding(ids) * self.scale**2 + self.positions[: ids.shape[1]]


# %% positions_scaled_too | fails: test_inputs_are_scaled_embeddings_plus_positions | hint: Only the embedding is scaled; the positions are added afterwards.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        return (embedding(ids) + self.positions[: ids.shape[1]]) * self.scale


# %% no_positions | fails: test_inputs_are_scaled_embeddings_plus_positions | hint: Without positions the source is a bag of tokens.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        return embedding(ids) * self.scale


# %% positions_only_in_the_encoder | fails: test_inputs_are_scaled_embeddings_plus_positions | hint: The target needs positions like the source.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        x = embedding(ids) * self.scale
        return x if embedding is self.tgt_embedding else x + self.positions[: ids.shape[1]]


# %% positions_only_in_the_decoder | fails: test_inputs_are_scaled_embeddings_plus_positions | hint: The source needs positions like the target.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        x = embedding(ids) * self.scale
        return x if embedding is self.src_embedding else x + self.positions[: ids.shape[1]]


# %% positions_twice | fails: test_inputs_are_scaled_embeddings_plus_positions | hint: The positions are added twice.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        return embedding(ids) * self.scale + 2 * self.positions[: ids.shape[1]]


# %% positions_along_the_batch | fails: test_rows_are_independent_and_all_tokens_matter | hint: The positions are added along the batch: row b of every batch gets position b.
class Seq2SeqTransformer(_Transformer):
    def embed(self, embedding, ids):
        return embedding(ids) * self.scale + self.positions[: len(ids), None]


# %% positions_one_too_short | fails: test_logits_and_layers_follow_the_table_and_arguments_stay | hint: A sequence of max_len tokens needs max_len positions.
class Seq2SeqTransformer(_Transformer):
    def __init__(self, *sizes):
        super().__init__(*sizes[:-1], sizes[-1] - 1)


# %% one_layer_many_times | fails: test_number_of_parameters_of_the_transformer | hint: [layer] * n is one layer used n times: all share their weights.
class Seq2SeqTransformer(_Transformer):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__(v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len)
        self.encoder = nn.ModuleList([EncoderLayer(d, heads, d_ff)] * layers)
        self.decoder = nn.ModuleList([DecoderLayer(d, heads, d_ff)] * layers)


# %% layers_in_a_plain_list | fails: test_number_of_parameters_of_the_transformer | hint: Modules in a Python list are unknown to parameters(): no optimiser and no .to() will find them. Use nn.ModuleList.
class Seq2SeqTransformer(_Transformer):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__(v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len)
        del self.encoder
        self.encoder = [EncoderLayer(d, heads, d_ff) for _ in range(layers)]


# %% always_one_layer | fails: test_number_of_parameters_of_the_transformer | hint: There is one layer whatever `layers` says.
class Seq2SeqTransformer(_Transformer):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__(v_src, v_tgt, d, heads, 1, d_ff, pad_id, max_len)


# %% tied_embedding | fails: test_number_of_parameters_of_the_transformer | hint: The map to the logits has weights of its own; here it shares those of the target embedding.
class Seq2SeqTransformer(_Transformer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.out.weight = self.tgt_embedding.weight


# %% output_without_bias | fails: test_number_of_parameters_of_the_transformer | hint: The map to the logits has a bias.
class Seq2SeqTransformer(_Transformer):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.out = nn.Linear(sizes[2], sizes[1], bias=False)


# %% least_likely_chosen | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: Greedy takes the largest logit; here it is the smallest.
class Seq2SeqTransformer(_Transformer):
    def choose(self, logits):
        return logits[:, -1].argmin(-1)


# %% first_logits_chosen | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: The next token is in the logits of the last place, not of the first.
class Seq2SeqTransformer(_Transformer):
    def choose(self, logits):
        return logits[:, 0].argmax(-1)


# %% drawn_not_chosen | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: Greedy takes the likeliest token; here it is drawn.
class Seq2SeqTransformer(_Transformer):
    def choose(self, logits):
        return torch.multinomial(logits[:, -1].softmax(-1), 1)[:, 0]


# %% keeps_writing | fails: test_a_finished_row_neither_writes_nor_stops_the_others | hint: A row goes on writing behind its eos.
class Seq2SeqTransformer(_Transformer):
    def after(self, token, finished, eos):
        return token


# %% repeats_eos | fails: test_a_finished_row_neither_writes_nor_stops_the_others | hint: Behind its eos a row is filled with pad_id, not with more eos.
class Seq2SeqTransformer(_Transformer):
    def after(self, token, finished, eos):
        return token.masked_fill(finished, eos)


# %% stops_at_the_first_eos | fails: test_a_finished_row_neither_writes_nor_stops_the_others | hint: The first row that writes eos stops the whole batch; wait for all.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        written = super().greedy_decode(src, bos, eos, max_new)
        ends = (written == eos).nonzero()[:, 1]
        return written if len(ends) == 0 else written[:, : int(ends.min()) + 1]


# %% waits_for_nobody | fails: test_a_finished_row_neither_writes_nor_stops_the_others | hint: Only the first row decides when the batch is finished.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        written = super().greedy_decode(src, bos, eos, max_new)
        ends = (written[0] == eos).nonzero()[:, 0]
        return written if len(ends) == 0 else written[:, : int(ends.min()) + 1]


# %% eos_left_out | fails: test_a_finished_row_neither_writes_nor_stops_the_others | hint: The eos itself belongs to the row.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        written = super().greedy_decode(src, bos, eos, max_new)
        return torch.cat([written[:, :1], written[:, 1:].masked_fill(written[:, 1:] == eos, self.pad_id)], dim=1)


# %% bos_left_out | fails: test_logits_and_layers_follow_the_table_and_arguments_stay, test_greedy_decoding_of_the_transformer_follows_forward | hint: Every row begins with bos.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        return super().greedy_decode(src, bos, eos, max_new)[:, 1:]


# %% starts_with_padding | fails: test_logits_and_layers_follow_the_table_and_arguments_stay, test_greedy_decoding_of_the_transformer_follows_forward | hint: Decoding starts from bos, as in training.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        return super().greedy_decode(src, self.pad_id, eos, max_new)


# %% one_token_too_many | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: max_new tokens are written behind bos, not one more.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        return super().greedy_decode(src, bos, eos, max_new + 1)


# %% bos_counted | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: bos does not count as one of the max_new tokens.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        return super().greedy_decode(src, bos, eos, max_new - 1)


# %% last_token_alone | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: The next token depends on the whole prefix, not only on the token before.
class Seq2SeqTransformer(_Transformer):
    def decode(self, tgt_in, memory, memory_mask):
        return super().decode(tgt_in if torch.is_grad_enabled() else tgt_in[:, -1:], memory, memory_mask)

    def forward(self, src, tgt_in):
        with torch.enable_grad():
            return super().forward(src, tgt_in)


# %% padding_of_the_batch_seen_while_writing | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: While writing, cross-attention sees the source's padding; the mask is needed there too.
class Seq2SeqTransformer(_Transformer):
    def greedy_decode(self, src, bos, eos, max_new):
        self.decode = lambda written, memory, mask: _Transformer.decode(self, written, memory, None)
        written = super().greedy_decode(src, bos, eos, max_new)
        del self.decode
        return written


# %% last_token_comes_first | fails: test_shift_right | hint: roll puts the last token in front; bos belongs there.
def shift_right(tgt, bos):
    return torch.roll(tgt, 1, dims=1)


# %% shifted_left | fails: test_shift_right | hint: The decoder's input is the target moved to the right, so that place t sees the tokens before t.
def shift_right(tgt, bos):
    return torch.cat([tgt[:, 1:], torch.full_like(tgt[:, :1], bos)], dim=1)


# %% one_column_longer | fails: test_logits_and_layers_follow_the_table_and_arguments_stay, test_shift_right | hint: The last token is dropped: the shape stays (B, T).
def shift_right(tgt, bos):
    return torch.cat([torch.full_like(tgt[:, :1], bos), tgt], dim=1)


# %% first_token_overwritten | fails: test_shift_right | hint: bos pushes the tokens to the right; it does not replace the first one.
def shift_right(tgt, bos):
    moved = tgt.clone()
    moved[:, 0] = bos
    return moved


# %% target_changed | fails: test_logits_and_layers_follow_the_table_and_arguments_stay, test_shift_right | hint: The caller's target is changed in place.
def shift_right(tgt, bos):
    tgt[:, 1:] = tgt[:, :-1].clone()
    tgt[:, 0] = bos
    return tgt


# %% bos_of_one | fails: test_shift_right | hint: bos is an argument, not always 1.
def shift_right(tgt, bos):
    return _right["shift_right"](tgt, 1)


# %% batch_shifted | fails: test_shift_right | hint: The tokens move along the sequence, not along the batch.
def shift_right(tgt, bos):
    return torch.cat([torch.full_like(tgt[:1], bos), tgt[:-1]], dim=0)


# Left out: decoding in training mode (there is no dropout, so nothing differs), another sign or order of what the weights
# are free to undo, and a loss on unshifted targets or on padding (no loss is part of this question; q6 and q14 have it).


# %% target_padding_masked | fails: test_in_the_target_the_padding_token_is_a_token | hint: pad_id is masked in the target's self-attention, which is causal and nothing else.
class Seq2SeqTransformer(_right["Seq2SeqTransformer"]):
    def decode(self, tgt_in, memory, memory_mask):
        x = self.embed(self.tgt_embedding, tgt_in)
        mask = causal_mask(tgt_in.shape[1], tgt_in.device) & padding_mask(tgt_in, self.pad_id)
        for layer in self.decoder:
            x = layer(x, memory, mask, memory_mask)
        return self.out(self.decoder_norm(x))


# %% finished_rows_hold_zeros | fails: test_a_finished_row_neither_writes_nor_stops_the_others | hint: Behind its eos a row holds pad_id, which need not be 0.
class Seq2SeqTransformer(_Transformer):
    def after(self, token, finished, eos):
        return token.masked_fill(finished, 0)


# %% positions_are_no_buffer | fails: test_the_table_of_positions_follows_the_model | hint: The table of positions is a plain attribute, which model.to(device) leaves where it is: register_buffer.
class Seq2SeqTransformer(_right["Seq2SeqTransformer"]):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        table = self.positions
        del self.positions
        self.positions = table


# %% one_head_across | fails: test_layers_are_pre_norm_with_residual_paths | hint: The cross-attention has a single head, whatever heads says; the number of parameters is the same.
class DecoderLayer(_right["DecoderLayer"]):
    def __init__(self, d, heads, d_ff):
        super().__init__(d, heads, d_ff)
        self.cross_attention = MultiHeadAttention(d, 1)


# %% writing_stops_before_max_len | fails: test_greedy_decoding_of_the_transformer_follows_forward | hint: max_len counts what forward reads, bos included; the last token that is written is never read, so max_len can be written.
class Seq2SeqTransformer(_right["Seq2SeqTransformer"]):
    def __init__(self, v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len):
        super().__init__(v_src, v_tgt, d, heads, layers, d_ff, pad_id, max_len)
        self.longest = max_len

    @torch.no_grad()
    def greedy_decode(self, src, bos, eos, max_new):
        return super().greedy_decode(src, bos, eos, min(max_new, self.longest - 1))
