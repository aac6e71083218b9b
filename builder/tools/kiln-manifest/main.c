#include "options.h"

int main(int argc, char **argv)
{
	return cli_main(&manifest_tool, argc, argv);
}
