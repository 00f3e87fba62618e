/* words_print - the table of words as lines: vocabulary, word, sentence */
#include <stdio.h>

#include "words/words.h"

int main(void)
{
	const struct vocabulary *in;

	for (int v = 0; (in = words_at(v)) != NULL; v++) {
		for (int i = 0; i < in->count; i++) {
			const char *sentence = word_sentence(in, i);

			if (in->words[i].api != NULL)
				printf("%s\t%s\t%s\n", in->name,
				       in->words[i].api,
				       sentence != NULL ? sentence : "");
		}
	}
	return 0;
}
