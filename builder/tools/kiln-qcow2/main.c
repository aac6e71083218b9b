#include "options.h"

int main(int argc, char **argv)
{
	return cli_main(&qcow2_tool, argc, argv);
}
