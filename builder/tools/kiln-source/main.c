#include "options.h"

int main(int argc, char **argv)
{
	return cli_main(&source_tool, argc, argv);
}
