TWO_PARTS = r"""
root ::= "[Problem Description]\n" text "\n[Solution]\n```" language "\n" code "```"
text ::= line ("\n"? line){0,11}
line ::= [A-Za-z0-9(*'"-] [^\n\x00]{0,500} "\n"
language ::= [a-z] [a-z0-9+#]{1,11}
code ::= ([^`\n\x00] [^\n\x00]* "\n" | "\n" [^`\n\x00] [^\n\x00]* "\n")+
"""
