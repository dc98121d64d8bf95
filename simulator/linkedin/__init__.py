"""LinkedIn's side: comments on a Page's posts, partners' messages, tokens, signed batches with their challenge."""
